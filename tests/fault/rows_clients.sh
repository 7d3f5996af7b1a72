# Part of run.sh: what clients do.
# shellcheck shell=bash disable=SC2034,SC2154

# 32 clients send the same key at once, to two daemons, one key after the other.
row_F23() { # COUNT
  row_begin F23 && daemon_up a && daemon_up b || return 1
  slack=1000000
  client_start $((2 + $1 / 10)) --storm --connections 32
  client_wait
  row_check
  detail="${figure[keys]} storms of 32"
  [ "${figure[keys]}" -ge "$1" ] || violation "only ${figure[keys]} storms"
  [ "$(sql_in "$database" 'select count(*) from ledger.outcome where status not in (200, 201)')" = 0 ] ||
    violation "not all were answered 200 or 201"
}

# The longest of a hundred replies within spans of the ledger, in microseconds.
p99_within() { # FROM:TO...
  local span spans=''
  for span in "$@"; do spans+=" or a.t between ${span%:*} and ${span#*:}"; done
  sql_in "$database" "select coalesce(percentile_disc(0.99) within group (order by o.t - a.t), 0)
    from ledger.attempt a join ledger.outcome o using (n) where a.kind <> 'b' and (false $spans)"
}

row_F22() { # COUNT
  local i ports=()
  row_begin F22 || return 1
  port[a]=$(free_port)
  folder[a]=$rowdir/a
  mkdir -p "${folder[a]}"
  slack=1000000 # two daemons for a moment
  for ((i = 0; i <= $1; i++)); do ports+=("$(free_port)"); done
  env --unset=PGOPTIONS NPSD_LISTEN="127.0.0.1:${port[a]}" NPSD_RATE_PUBLIC=0 NPSD_VAR="${folder[a]}" \
    NPSD_DATABASE_URL="$(as_owner "$database")" setpriv --pdeathsig KILL "$tools/hold" "127.0.0.1:${port[a]}" \
    tests/fault/rolling.sh "$npsd" "$1" "${folder[a]}" "${ports[@]}" >>"${folder[a]}/rolling" 2>&1 &
  i=$!
  await 20 test -e "${folder[a]}/up" || return 1
  client_start 600
  await $((20 + 20 * $1)) test -e "${folder[a]}/done" || violation "the daemons did not follow each other"
  client_end
  touch "${folder[a]}/end"
  wait $i || violation "a daemon did not come up, or ended badly: $(tail -n 3 "${folder[a]}/log")"
  row_check
  detail="$1 times, ${figure[unknown]} requests failed"
  [ "${figure[unknown]}${figure[503]}" = 00 ] || violation "${figure[unknown]} requests failed, ${figure[503]} got 503"
}

# slowhttptest takes most of a processor, in the machine that it attacks. So there are slow clients of ours besides,
# which take next to none, and a process that takes a processor and nothing else, with slowhttptest's least priority.
# All take turns, so that what else goes on, on the machine or its host, meets all.
row_F29() { # COUNT
  local i mode base busy ours theirs without=() beside=()
  local -A slow=() attacked=()
  command -v slowhttptest >/dev/null || { skip 'slowhttptest is not installed' && return; }
  row_begin F29 && ulimit -n 8192 && daemon_up a || return 1
  client_start 900 --rate 300
  sleep 1
  for ((i = 0; i < $1; i++)); do
    for mode in head body read; do
      without+=("$(span_of 4)")
      timeout 60 "$tools/rough" "127.0.0.1:${port[a]}" $mode 1000 8 >"$rowdir/rough-$mode" &
      sleep 2
      slow[$mode]+=" $(span_of 5)"
      wait $! || violation "slow clients ($mode): $(cat "$rowdir/rough-$mode")"
      timeout 6 nice -n 19 sh -c 'while :; do :; done' &
      sleep 1
      beside+=("$(span_of 4)")
      wait $!
      nice -n 19 slowhttptest "$(slowhttptest_mode $mode)" -c 1000 -r 500 -i 5 -x 10 -p 2 -l 10 \
        -u "http://127.0.0.1:${port[a]}/s/fault" >"$rowdir/slow-$mode" 2>&1 &
      sleep 3
      attacked[$mode]+=" $(span_of 5)"
      wait $!
    done
  done
  client_end
  row_check
  base=$(p99_within "${without[@]}")
  busy=$(p99_within "${beside[@]}")
  ours=$(worst_of "${slow[@]}")
  theirs=$(worst_of "${attacked[@]}")
  detail="p99 $((base / 1000)) ms alone, at most $((ours / 1000)) ms with 1000 slow connections of ours;"
  detail+=" $((busy / 1000)) ms beside a busy process, at most $((theirs / 1000)) ms with slowhttptest"
  [ "$busy" -ge "$base" ] || busy=$base
  { [ "$ours" -le "$(twice "$base")" ] && [ "$theirs" -le "$(twice "$busy")" ]; } || violation "p99 more than doubled: $detail"
}

# What a p99 may be when it was so long before: of what is short, the double says little.
twice() { # MICROSECONDS
  echo $(($1 * 2 > 10000 * patience ? $1 * 2 : 10000 * patience))
}

slowhttptest_mode() { # head|body|read
  case $1 in head) echo -H ;; body) echo -B ;; read) echo -X ;; esac
}

# The largest p99 of several lists of spans.
worst_of() { # SPANS...
  local spans p99 worst=0
  for spans in "$@"; do
    # shellcheck disable=SC2086 # a list
    p99=$(p99_within $spans)
    [ "$p99" -lt "$worst" ] || worst=$p99
  done
  echo "$worst"
}

# From now on so many seconds, as FROM:TO.
span_of() { # SECONDS
  local from
  from=$(now)
  sleep "$1"
  printf '%s:%s' "$from" "$(now)"
}

row_F30() { # COUNT
  local i before
  row_begin F30 && daemon_up a || return 1
  sleep 1
  before=$(holds a)
  for ((i = 0; i < $1; i++)); do
    client_start 8 --rate 300
    "$tools/rough" "127.0.0.1:${port[a]}" pipeline 5000 >"$rowdir/rough" || violation "pipeline: $(cat "$rowdir/rough")"
    "$tools/rough" "127.0.0.1:${port[a]}" half 300 >"$rowdir/rough" || violation "half-close: $(cat "$rowdir/rough")"
    "$tools/rough" "127.0.0.1:${port[a]}" reset 3000 >"$rowdir/rough" || violation "resets: a connection was refused"
    client_wait
  done
  row_check
  [ "${figure[unknown]}" = 0 ] || violation "${figure[unknown]} good requests failed"
  expect_no_leak a "$before" 16384
  detail='5000 pipelined, 300 half-closed, 3000 reset'
}
