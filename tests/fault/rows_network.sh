# Part of run.sh: what happens between the daemon and PostgreSQL.
# shellcheck shell=bash disable=SC2034,SC2154

# The proxy listens at ADDRESS; sets url, for the daemons that are started from now on.
proxy_start() { # ADDRESS
  local at
  at=$(free_port)
  control=$rowdir/control
  setpriv --pdeathsig KILL "$tools/proxy" "$1:$at" "$cluster/postgres/socket/.s.PGSQL.5432" "$control" 2>>"$rowdir/proxy.log" &
  proxy=$!
  undo+=("kill -KILL $proxy")
  await 5 test -p "$control" || return 1
  url="postgresql://npsd_owner@$1:$at/$database?sslmode=disable&gssencmode=disable"
}

tell_proxy() { echo "$*" >"$control"; }

# A namespace with the daemon and its clients; PostgreSQL, behind the proxy, stays outside. The two
# are joined by a pair of interfaces.
netns_make() {
  local name=npsd$$ net=198.18.$((RANDOM % 250))
  ip netns add "$name" 2>/dev/null || { skip "network namespaces are not allowed here" && return 1; }
  undo+=("ip netns del $name")
  ip link add "$name" type veth peer name inside netns "$name" 2>/dev/null ||
    { skip "no pair of virtual interfaces can be made here" && return 1; }
  undo+=("ip link del $name")
  ip addr add "$net.1/30" dev "$name" && ip link set "$name" up &&
    ip -n "$name" addr add "$net.2/30" dev inside && ip -n "$name" link set inside up && ip -n "$name" link set lo up || return 1
  link=$name
  inside=(ip netns exec "$name")
  proxy_start "$net.1"
}

row_F6() { # COUNT
  local i seconds worst=0
  row_begin F6
  netns_make || { [ -n "$skipped" ] && return; return 1; }
  daemon_up a || return 1
  client_start 600
  for seconds in 1 10 60; do
    for ((i = 0; i < $1; i++)); do
      sleep 1
      take_away ip link set "$link" down
      sleep "$seconds"
      give_back ip link set "$link" up
      sleep 2
    done
  done
  client_end
  # Nothing comes back for as long as the link is down: the kernel's own patience shows in the first seconds after.
  limit_ms=4000
  row_check
  expect_no_slow_reply 12000
}

# The longest that anybody waited for a reply.
expect_no_slow_reply() { # MS
  local worst
  worst=$(sql_in "$database" 'select coalesce(max(o.t - a.t), 0) / 1000 from ledger.attempt a join ledger.outcome o using (n)')
  detail+="${detail:+, }the slowest reply took $worst ms"
  [ "$worst" -le $(($1 * patience)) ] || violation "a reply took $worst ms"
}

row_F7() { # COUNT
  local i
  row_begin F7 || return 1
  netns_make || { [ -n "$skipped" ] && return; return 1; }
  daemon_up a || return 1
  client_start 600
  for ((i = 0; i < $1; i++)); do
    sleep 1
    take_away tell_proxy reset
    sleep 4
    give_back tell_proxy pass
    sleep 4
    command -v nft >/dev/null || { detail='without nft' && continue; }
    take_away "${inside[@]}" nft 'add table inet fault; add chain inet fault out { type filter hook output priority 0; }
      add rule inet fault out oifname "inside" tcp flags & (syn|ack) == ack reject with tcp reset
      add rule inet fault out oifname "inside" tcp flags & (syn|ack) == syn reject with tcp reset'
    sleep 4
    give_back "${inside[@]}" nft 'delete table inet fault'
    sleep 4
  done
  client_end
  row_check
}

# The conversation of the lane alone is cut at every byte by unit tests; here the whole daemon is, at
# bytes that do not stand in a row.
row_F8() { # COUNT
  local at side
  row_begin F8 && proxy_start 127.0.0.1 && daemon_up a || return 1
  client_start 600 --rate 200 --pollers 1
  for side in request reply; do
    for ((at = 0; at < 4000; at += 37)); do
      tell_proxy "cut $side $at"
      sleep 0.1
    done
  done
  client_end
  row_check
  tests/run.sh build/tests/unit/test_pg_faults build/tests/unit/test_batch_faults >"$rowdir/unit" 2>&1 ||
    violation "unit tests: $(tail -n 20 "$rowdir/unit")"
  detail="217 cuts under load; every byte: $(tail -n 1 "$rowdir/unit")"
}

row_F9() { # COUNT
  local i
  row_begin F9 && proxy_start 127.0.0.1 && daemon_up a || return 1
  for ((i = 0; i < $1; i++)); do
    client_start 24 --rate 200
    sleep 2
    disturb tell_proxy delay 200
    sleep 10
    tell_proxy throttle 10
    sleep 10
    give_back tell_proxy pass
    client_wait
  done
  limit_ms=6000 # what crawls when the network is well again is given up first
  row_check
  [ "$(sql_in "$database" 'select count(*) from ledger.outcome where status >= 400 and status not in (422, 503)')" = 0 ] ||
    violation "errors other than 503"
}

row_F11() { # COUNT
  local i head
  row_begin F11 && proxy_start 127.0.0.1 && daemon_up a || return 1
  client_start 600
  for ((i = 0; i < $1; i++)); do
    sleep 1
    disturb tell_proxy reset
    take_away tell_proxy mute
    sleep 6
    disturb tell_proxy reset
    give_back tell_proxy pass
    sleep 2
    head=$(postmaster)
    disturb kill -STOP "$head"
    sql_in "$database" "select 1" >/dev/null 2>&1 &
    tell_proxy reset
    take_away tell_proxy pass
    sleep 6
    give_back kill -CONT "$head"
    wait $!
    sleep 5
  done
  client_end
  limit_ms=4000 # an attempt to connect that began before has 3 s
  row_check
  expect_no_slow_reply 12000
}

# Sets url. Fewer sessions than npsd has connections, where those are pooled.
bouncer_start() { # MODE SESSIONS
  local at home=$rowdir/bouncer-$1 user
  at=$(free_port)
  user=$(stat -L -c %U "$cluster/postgres/data")
  rm -rf -- "$home"
  mkdir -p "$home" && chown "$user" "$home" && chmod 711 "$rowdir"
  cat >"$home/ini" <<INI
[databases]
$database = host=$(readlink -f "$cluster/postgres")/socket port=5432 dbname=$database user=npsd_owner
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $at
unix_socket_dir =
auth_type = any
pool_mode = $1
default_pool_size = $2
server_login_retry = 1
logfile = $home/log
INI
  setpriv --pdeathsig KILL --reuid="$user" --regid="$(id -g "$user")" --init-groups pgbouncer -q "$home/ini" >>"$home/out" 2>&1 &
  bouncer=$!
  undo+=("kill -KILL $bouncer")
  await 5 grep -q 'listening' "$home/log" || return 1
  url="postgresql://npsd_owner@127.0.0.1:$at/$database?sslmode=disable&gssencmode=disable"
}

row_F28() { # COUNT
  local i
  command -v pgbouncer >/dev/null || { skip 'pgbouncer is not installed' && return; }
  row_begin F28 || return 1
  bouncer_start session 40 && daemon_up a || return 1
  client_start 600 --rate 400
  for ((i = 0; i < $1; i++)); do
    sleep 3
    change_bouncer transaction 5 NPSD_TRANSACTION_POOLING=1 && await 10 is_moved a || return 1
    sleep 3
    # Its sessions end, and with them whatever somebody had left in them.
    disturb end_sessions
    sleep 1
    take_away postgres_stop fast
    sleep 4
    postgres_back || return 1
    sleep 4
    # Nobody told the daemon: it cannot work then, and must not pretend.
    disturb change_bouncer transaction 5
    sleep 4
    change_bouncer session 40 && await 10 is_moved a || return 1
  done
  may_die=true
  client_end
  limit_ms=3000 ready_ms=4000 # PgBouncer tries again each second
  row_check
  detail='session and transaction mode, and transaction mode that the daemon does not know of'
}

change_bouncer() { # MODE SESSIONS [SETTING...]
  local mode=$1 sessions=$2
  shift 2
  daemon_stop a
  kill -KILL "$bouncer"
  bouncer_start "$mode" "$sessions" && daemon_start a "$@" && { await 10 is_ready_or_dead a || :; }
}
