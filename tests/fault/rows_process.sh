# Part of run.sh: what happens to the daemon's process.
# shellcheck shell=bash disable=SC2034,SC2154

row_F1() { # COUNT
  local i worst=0 began took
  row_begin F1 && daemon_up a || return 1
  may_die=true
  client_start $((5 + $1 * 2))
  sleep 1
  for ((i = 0; i < $1; i++)); do
    daemon_kill a
    began=$(now)
    daemon_start a
    await 10 daemon_ready a || return 1
    took=$((($(now) - began) / 1000))
    [ $took -le $worst ] || worst=$took
    sleep 0.$((RANDOM % 10))
  done
  client_end
  detail="restart to ready at most $worst ms"
  [ $worst -le $((1000 * patience)) ] || violation "the restart took $worst ms"
  row_check
}

readonly places='after_parse after_enqueue after_send after_commit_before_reply mid_reply'

row_F2() { # COUNT
  local place i
  row_begin F2 || return 1
  may_die=true binary=$faulty
  daemon_up a || return 1
  client_start 600 --rate 200 --connections 16
  for place in $places; do
    for ((i = 0; i < $1; i++)); do
      daemon_kill a
      daemon_start a NPSD_TEST_FAULT="abort@$place:$((1 + RANDOM % 40))"
      await 20 has_ended "${pid[a]}" || { violation "$place was never reached" && return; }
      wait "${pid[a]}" 2>/dev/null
      daemon_start a
      await 10 daemon_ready a || return 1
    done
  done
  client_end
  row_check
  # What had been committed is a replay for those who come again.
  detail="${figure[unknown]} requests without a reply"
}

# As long as libmicrohttpd lets a connection be idle: those that wait may be closed, once.
row_F20() { # COUNT
  local i again
  row_begin F20 && daemon_up a || return 1
  may_die=true
  for ((i = 0; i < $1; i++)); do
    client_start 20
    sleep 2
    kill -STOP "${pid[a]}"
    sleep 15
    kill -CONT "${pid[a]}"
    event goes-on
    client_wait
  done
  has_ended "${pid[a]}" && violation "the daemon ended"
  row_check
  again=$(sql_in "$database" "select count(*) from ledger.outcome o, ledger.event e
    where o.status = 0 and o.sent > e.t and o.t < e.t + 10000000")
  [ "$again" = 0 ] || violation "$again requests that came after the stall were not answered"
  detail="${figure[unknown]} answers had to be sent again"
}

# Requests that were sent as a whole before the signal and were not answered.
count_cut() { # INSTANT
  sql_in "$database" "select count(*) from ledger.outcome where status = 0 and sent > 0 and sent < $1"
}

row_F21() { # COUNT
  local i status at instants=() signals=(TERM INT TERM)
  row_begin F21 || return 1
  may_die=true
  daemon_up a || return 1
  client_start 600
  for ((i = 0; i < $1; i++)); do
    sleep 1
    at=$(now)
    instants+=("$at")
    kill -"${signals[i % 3]}" "${pid[a]}"
    await 12 has_ended "${pid[a]}" || violation "it did not end within 12 s"
    wait "${pid[a]}"
    status=$?
    [ $status -eq 0 ] || violation "it ended with $status after SIG${signals[i % 3]}"
    pid[a]=''
    daemon_up a || return 1
  done
  client_end
  row_check
  # Of each instant, those cut within the drain that followed.
  for at in "${instants[@]}"; do
    i=$(sql_in "$database" "select count(*) from ledger.outcome where status = 0 and sent between $at - 8000000 and $at and t > $at")
    [ "$i" = 0 ] || violation "$i requests that were sent before the signal were not answered"
  done
  detail="$1 drains"
  drain_without_postgres
}

# With PostgreSQL away and no spool: what is in flight gets a reply all the same.
drain_without_postgres() {
  local began status
  daemon_stop a
  daemon_up a NPSD_SPOOL= || return 1
  postgres_kill
  client_start 30 --rate 50
  sleep 2
  began=$(now)
  kill -TERM "${pid[a]}"
  await 14 has_ended "${pid[a]}" || violation "with PostgreSQL away it did not end within 14 s"
  wait "${pid[a]}"
  status=$?
  pid[a]=''
  detail+=", $((($(now) - began) / 1000)) ms with PostgreSQL away (exit $status)"
  kill -KILL "$client"
  wait "$client" 2>/dev/null
  client=''
  sample_stop
  cluster_start
}
