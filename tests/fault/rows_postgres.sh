# Part of run.sh: what happens to PostgreSQL.
# shellcheck shell=bash disable=SC2034,SC2154

kill_postgres_often() { # COUNT
  local i after_first=''
  client_start 600
  sleep 1
  for ((i = 0; i < $1; i++)); do
    postgres_away
    sleep 0.$((RANDOM % 10))
    postgres_back || return 1
    sleep 1
    after_first=${after_first:-$(holds a)}
  done
  # Long enough for /readyz to say so.
  postgres_away
  sleep 4
  postgres_back || return 1
  sleep 4
  client_end
  row_check
  expect_no_leak a "$after_first" 4096
  amcheck
}

row_F3() { # COUNT
  row_begin F3 && daemon_up a && kill_postgres_often "$1"
  [ "${figure[503]:-0}" = 0 ] || violation "${figure[503]} times 503 although there is a spool"
}

row_F3b() { # COUNT
  row_begin F3b NPSD_SPOOL= && daemon_up a && kill_postgres_often "$1"
  [ "${figure[spooled]:-0}" = 0 ] || violation "${figure[spooled]} answers spooled without a spool"
}

amcheck() {
  local bin=/usr/lib/postgresql/15/bin/pg_amcheck
  [ -x $bin ] || { detail+=' pg_amcheck is missing' && return; }
  sql_in "$database" 'create extension if not exists amcheck'
  $bin --heapallindexed --host="${superuser##*host=}" --username=postgres --no-password "$database" \
    >"$rowdir/amcheck" 2>&1 || violation "pg_amcheck: $(tail -n 3 "$rowdir/amcheck")"
  detail+='pg_amcheck clean'
}

# The backend that commits what the single lane takes.
writer() { try_sql "select pid from pg_stat_activity where datname = '$database' and query ~ 'journal' and application_name = 'npsd' order by query_start desc limit 1"; }

row_F4() { # COUNT
  local i victim
  row_begin F4 && daemon_up a || return 1
  client_start 600
  for ((i = 0; i < $1; i++)); do
    sleep 1
    victim=$(writer)
    [ -n "$victim" ] || { violation "no writer was found" && break; }
    disturb kill -KILL "$victim"
    # All its neighbours are ended, and recovery begins.
    await 5 is_recovering || :
    await 30 try_sql 'select 1' >/dev/null
    event accepts
    sleep 1
  done
  client_end
  row_check
  amcheck
}
is_recovering() { ! try_sql 'select 1' >/dev/null; }

postgres_stop() { # MODE
  local user home
  user=$(stat -L -c %U "$cluster/postgres/data") home=$(readlink -f "$cluster/postgres")
  (cd / && setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups \
    /usr/lib/postgresql/15/bin/pg_ctl stop --silent --mode="$1" --wait --pgdata="$home/data") >>"$scratch/cluster.log" 2>&1
}

row_F5() { # COUNT
  local i mode
  row_begin F5 && daemon_up a || return 1
  client_start 600
  sleep 1
  for mode in fast immediate; do
    for ((i = 0; i < $1; i++)); do
      take_away postgres_stop $mode
      sleep $((i == 0 ? 4 : 0))
      postgres_back || return 1
      sleep 2
    done
  done
  for ((i = 0; i < $1; i++)); do
    disturb end_sessions
    sleep 0.2
  done
  client_end
  row_check
}

lock_table() { # SECONDS
  PGAPPNAME=lock psql "$(as_superuser "$database")" --no-psqlrc --quiet --command="
    begin; lock table response in access exclusive mode; select pg_sleep($1); commit" >/dev/null 2>&1
}

row_F10() { # COUNT
  local i stopped began ended
  row_begin F10 && daemon_up a || return 1
  for ((i = 0; i < $1; i++)); do
    client_start 25
    sleep 2
    disturb lock_table 10
    event accepts
    sleep 1
    stopped=$(writer)
    disturb kill -STOP "$stopped"
    sleep 10
    give_back kill -CONT "$stopped"
    client_wait
  done
  await 30 is_moved a
  # Without a spool and with next to no queue, which those who come again keep full for a while afterwards.
  event disturbed
  daemon_stop a
  daemon_up a NPSD_QUEUE=16 NPSD_SPOOL= || return 1
  client_start 15
  sleep 1
  began=$(now)
  disturb lock_table 10
  ended=$(now)
  client_wait
  row_check
  expect_refusals "$began" "$ended"
}

# Of what began meanwhile: what the full queue refuses is refused at once, and numbers are given, stale as the
# rows themselves are locked.
expect_refusals() { # FROM TO
  local count p99 polls
  IFS='|' read -r count p99 polls < <(sql_in "$database" "
    select count(*), coalesce(percentile_disc(0.99) within group (order by o.t - a.t), 0),
      (select count(*) from ledger.poll where status = 200 and began > $1 + 1000000 and ended < $2)
    from ledger.attempt a join ledger.outcome o using (n)
    where o.status = 503 and o.why = 'overloaded' and a.t between $1 and $2")
  detail="full queue: $count refused, p99 $((p99 / 1000)) ms, $polls polls"
  [ "${count:-0}" -gt 0 ] || violation "the full queue refused nothing"
  [ "${p99:-0}" -lt $((50000 * patience)) ] || violation "the full queue refused after $p99 us"
  [ "${polls:-0}" -gt 0 ] || violation "no number was given while the table was locked"
}

end_sessions() {
  try_sql "select pg_terminate_backend(pid) from pg_stat_activity where datname = '$database' and application_name = 'npsd'" >/dev/null
}

limit_sessions() { # NUMBER
  sql "alter role npsd_owner connection limit $1" && end_sessions
}

row_F12() { # COUNT
  local i
  row_begin F12 && daemon_up a || return 1
  client_start 600
  for ((i = 0; i < $1; i++)); do
    sleep 1
    # With one slot there is an answer now and then.
    if [ $((i % 2)) = 0 ]; then take_away limit_sessions 0; else disturb limit_sessions 1; fi
    sleep 4
    give_back sql 'alter role npsd_owner connection limit -1' || return 1
    sleep 4
  done
  client_end
  row_check
}

row_F24() { # COUNT
  local i first second
  row_begin F24 && daemon_up a || return 1
  client_start $((3 * $1)) --rate 300
  client_wait
  row_check
  [ "${figure[reused]:-0}" -gt 0 ] || violation "no other body was sent"
  detail="${figure[reused]} other bodies refused"
}

row_F25() { # COUNT
  local i body reply poisoned=0
  row_begin F25 && daemon_up a || return 1
  sql_in "$database" "
    create function poison() returns trigger language plpgsql as \$\$
      begin
        if new.answers ->> 'why' like 'poison%' then raise exception 'poison' using errcode = '22000'; end if;
        return new;
      end \$\$;
    create trigger poison before insert on response for each row execute function poison()"
  client_start 600 --rate 400
  for ((i = 0; i < $1; i++)); do
    for body in '{"score": 1, "answers": {"why": "poison"}}' '{"score": 1, "answers": {"why": "x\u0000y"}}' \
      $'{"score": 1, "answers": {"why": "\xff\xfe"}}'; do
      reply=$(curl --noproxy '*' --silent --max-time 10 --output /dev/null --write-out '%{http_code}' \
        -H 'Content-Type: application/json' --data-binary "$body" "http://127.0.0.1:${port[a]}/v1/surveys/fault/responses")
      case $reply in 4??) poisoned=$((poisoned + 1)) ;; *) violation "a poisoned answer got $reply" ;; esac
    done
  done
  client_end
  row_check
  detail="$poisoned poisoned answers refused, $(count_logged row-refused) by PostgreSQL"
}

# With those that the log has left out, as a second has only so many.
count_logged() { # EVENT
  sed -n "s/.*event=$1 */1 /p" "${folder[a]}/log" | awk '{ n += 1 } match($0, /left_out=[0-9]+/) { n += substr($0, RSTART + 9, RLENGTH - 9) } END { print n + 0 }'
}

reconfigure() { # HOW
  PGOPTIONS='-c default_transaction_read_only=off' sql "alter system $1" && sql 'select pg_reload_conf()' >/dev/null
}

row_F27() { # COUNT
  local i
  row_begin F27 && daemon_up a || return 1
  client_start 600
  for ((i = 0; i < $1; i++)); do
    sleep 1
    take_away reconfigure 'set default_transaction_read_only = on' || return 1
    sleep 4
    give_back reconfigure 'reset default_transaction_read_only' || return 1
    sleep 4
  done
  client_end
  row_check
}

is_unready() { [ "$(look a readyz)" = 503 ]; }

# A column with another name, a right that is gone, and a migration meanwhile.
row_F26() { # COUNT
  local i began drift repair
  local -A repairs=(
    ['alter table response rename column language to tongue']='alter table response rename column tongue to language'
    ['revoke insert on response from npsd_app']='grant insert on response to npsd_app'
  )
  row_begin F26 && daemon_up a || return 1
  client_start 600
  for ((i = 0; i < $1; i++)); do
    for drift in "${!repairs[@]}"; do
      repair=${repairs[$drift]}
      sleep 1
      disturb sql_in "$database" "$drift"
      began=$(now)
      await 3 is_unready || violation "$drift: /readyz does not say so"
      detail="/readyz says so after $((($(now) - began) / 1000)) ms"
      sleep 1
      give_back sql_in "$database" "$repair"
      await 10 daemon_ready a || violation "$repair: it does not become ready again"
      sleep 1
    done
    NPSD_DATABASE_URL=$(as_owner "$database") NPSD_VAR=$scratch "$npsd" migrate >/dev/null 2>&1 || violation 'npsd migrate failed under load'
  done
  client_end
  row_check
}
