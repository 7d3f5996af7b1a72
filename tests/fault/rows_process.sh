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

# Ends the daemon by a signal, which is to be orderly and in time.
drain() { # SIGNAL
  local status=0
  instants+=("$(now)")
  kill -"$1" "${pid[a]}"
  await 10 has_ended "${pid[a]}" || { violation "it did not end within 10 s after SIG$1" && kill -KILL "${pid[a]}"; }
  wait "${pid[a]}" || status=$?
  [ $status -eq 0 ] || violation "it ended with $status after SIG$1"
  pid[a]=''
  took=$((($(now) - instants[-1]) / 1000))
}

row_F21() { # COUNT
  local i at took instants=() signals=(TERM INT TERM)
  row_begin F21 || return 1
  may_die=true
  daemon_up a || return 1
  client_start 600
  for ((i = 0; i < $1; i++)); do
    sleep 1
    drain "${signals[i % 3]}"
    daemon_up a || return 1
  done
  # With PostgreSQL away and no spool what is in flight gets a reply all the same.
  drain TERM
  daemon_up a NPSD_SPOOL= || return 1
  sleep 1
  postgres_away
  sleep 2
  drain TERM
  detail="$((${#instants[@]} - 1)) drains, one more of $took ms with PostgreSQL away"
  disturb cluster_start && daemon_up a || return 1
  client_end
  row_check
  # Of each instant, those cut within the drain that followed.
  for at in "${instants[@]}"; do
    i=$(sql_in "$database" "select count(*) from ledger.outcome where status = 0 and sent between $at - 8000000 and $at and t > $at")
    [ "$i" = 0 ] || violation "$i requests that were sent before the signal were not answered"
  done
}
