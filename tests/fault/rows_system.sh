# Part of run.sh: what the system refuses.
# shellcheck shell=bash disable=SC2034,SC2154

# --- F15: out of memory ---

group_make() { # NAME BYTES; sets group
  group=/sys/fs/cgroup/memory/npsd$$-$1
  if ! { mkdir "$group" && echo "$2" >"$group/memory.limit_in_bytes"; } 2>/dev/null; then
    skip "no memory cgroup can be made here"
    return 1
  fi
  undo+=("rmdir $group")
}

# A group in which a session of PostgreSQL finds no memory for what it is asked.
starve_backend() {
  local session fifo=$rowdir/session
  group_make backend$RANDOM 16M || return
  rm -f -- "$rowdir/backend" # of the one before
  mkfifo "$fifo"
  psql "$(as_superuser "$database")" --no-psqlrc --quiet --tuples-only --no-align <"$fifo" >"$rowdir/backend" 2>&1 &
  session=$!
  exec 7>"$fifo"
  echo 'select pg_backend_pid();' >&7
  await 5 test -s "$rowdir/backend" || return 1
  cat "$rowdir/backend" >"$group/cgroup.procs" || return 1
  echo "select length(repeat('x', 500000000));" >&7
  exec 7>&-
  wait $session
  rm -f -- "$fifo"
  grep -q 'server closed\|terminated\|terminating' "$rowdir/backend" || violation "the backend was not killed: $(tail -n 2 "$rowdir/backend")"
}

row_F15() { # COUNT
  local i kills=0 group_of_daemon
  row_begin F15 || return 1
  may_die=true
  group_make daemon 24M || { row_end; return; }
  group_of_daemon=$group # a backend gets another
  awk 'BEGIN { printf "["; for (i = 0; i < 1000; i++) printf "%s{\"score\": 5, \"answers\": {\"why\": \"%07000d\"}}", i ? "," : "", i; print "]" }' \
    >"$rowdir/large"
  daemon_up a || return 1
  client_start 600
  for ((i = 0; i < $1; i++)); do
    sleep 1
    event disturbed
    echo "${pid[a]}" >"$group_of_daemon/cgroup.procs"
    local j posts=()
    for j in 1 2 3 4 5 6 7 8; do
      curl --noproxy '*' --silent --max-time 10 --output /dev/null -H 'Content-Type: application/json' \
        --data-binary "@$rowdir/large" "http://127.0.0.1:${port[a]}/v1/surveys/fault/responses/batch" &
      posts+=($!)
    done
    wait "${posts[@]}"
    if await 3 has_ended "${pid[a]}"; then
      kills=$((kills + 1))
      wait "${pid[a]}" 2>/dev/null
      daemon_start a
      await 10 daemon_ready a || return 1
    fi
    starve_backend || { [ -n "$skipped" ] || return 1; }
    await 30 try_sql 'select 1' >/dev/null
    event accepts
    sleep 1
  done
  client_end
  row_check
  detail="daemon killed $kills times, backend $1 times"
  [ $kills -gt 0 ] || violation "the daemon was never short of memory"
}

# --- F16: the n-th allocation fails ---

# A number of eight bytes, and a zero behind it.
set_starve() { # NUMBER
  local shift byte bytes=''
  for ((shift = 0; shift < 64; shift += 8)); do
    printf -v byte '\\x%02x' $((($1 >> shift) & 255))
    bytes+=$byte
  done
  printf '%b' "$bytes"'\0\0\0\0\0\0\0\0' 1<>"$rowdir/starve"
}
starve_failed() { od -An -t d8 -j 8 -N 8 "$rowdir/starve" | tr -d ' '; }

# The requests whose memory is refused, one at least for each route: method, path, body, and a request that comes
# before each attempt. {id} is an answer that no other attempt has.
starve_requests() {
  cat <<'LIST'
POST|/v1/surveys/fault/responses|{"score": 9, "answers": {"why": "memory"}, "properties": {"branch": "north"}}
POST|/v1/surveys/fault/responses/batch|[{"score": 9}, {"score": 3, "answers": {"why": "memory"}}]
NDJSON|/v1/surveys/fault/responses/batch|{"score": 9}
POST|/v1/surveys/fault/links|{"respondents": ["memory"]}
POST|/v1/surveys/fault/displays|{"event": "shown"}
FORM|/s/fault|score=7
GET|/healthz
GET|/readyz
GET|/s/fault
GET|/s/fault/thanks
GET|/s/logo/logo
GET|/s/worker.js
GET|/assets/icon.svg
GET|/embed.js
GET|/demo
GET|/v1/surveys/fault/rates?period=all
GET|/v1/surveys/fault/nps?period=all
GET|/v1/surveys/fault/nps/series?last=30d&interval=day
GET|/v1/surveys/fault/nps/breakdown?by=branch
GET|/v1/surveys/fault/questions/why?period=all
GET|/v1/surveys/fault/drivers?period=all
GET|/v1/surveys/fault/comments
GET|/v1/surveys/fault/nps.svg
GET|/v1/nps
GET|/v1/surveys/fault/responses
GET|/v1/surveys/fault/responses/{id}
GET|/v1/surveys/fault/responses/{id}/history
PATCH|/v1/surveys/fault/responses/{id}|{"score": 4}
DELETE|/v1/surveys/fault/responses/{id}
GET|/v1/surveys
POST|/v1/surveys|{"id": "new", "title": {"en": "New"}}|DELETE /v1/surveys/new
GET|/v1/surveys/fault
PATCH|/v1/surveys/new|{"title": {"en": "Newer"}}
DELETE|/v1/surveys/new||POST /v1/surveys {"id":"new","title":{"en":"New"}}
LIST
}

# Prints the status; 000 alone: the connection was closed.
starve_request() { # METHOD PATH [BODY [NUMBER]]
  local method=$1 path=${2//\{id\}/${ids[${4:-0}]:-}} body=${3:-} type='application/json'
  case $method in
    NDJSON) method=POST type='application/x-ndjson' ;;
    FORM) method=POST type='application/x-www-form-urlencoded' ;;
  esac
  curl --noproxy '*' --silent --max-time 15 --output "$rowdir/starved" --write-out '%{http_code}' --request "$method" \
    ${body:+--data-binary "$body"} -H "Content-Type: $type" -H "Authorization: Bearer $key" "http://127.0.0.1:${port[a]}$path"
  [ $? -ne 28 ] || echo ' and no end'
}

starve_precede() { # [METHOD PATH [BODY]]
  [ $# -eq 0 ] || [[ $(starve_request "$@") =~ ^(2..|404|409)$ ]]
}

# What the requests need: a key (the row's own), answers, and a survey with a logo.
starve_prepare() {
  local logo='"brand": {"logo": "data:image/png;base64,iVBORw0KGgoAAA=="}'
  key=$(NPSD_DATABASE_URL=$(as_owner "$database") NPSD_VAR=$rowdir "$npsd" key create --role admin --name memory) || return 1
  daemon_up a || return 1
  starve_request POST /v1/surveys/fault/responses/batch "$(printf '{"score": 5},%.0s' {1..999} | sed 's/^/[/; s/,$/]/')" >/dev/null
  mapfile -t ids < <(grep -o '"id": *"[^"]*"' "$rowdir/starved" | cut -d '"' -f 4)
  [ ${#ids[@]} -eq 999 ] || return 1
  [ "$(starve_request POST /v1/surveys "{\"id\": \"logo\", \"title\": {\"en\": \"Logo\"}, $logo}")" = 201 ]
}

row_F16() { # COUNT
  local method path body first before=() i n status refused=0 clean fine total=0 key ids=()
  row_begin F16 NPSD_RATE_KEY=0 || return 1
  head -c 16 /dev/zero >"$rowdir/starve"
  set_starve -1
  wrapper=(env "LD_PRELOAD=$PWD/$tools/starve.so" "FAULT_STARVE=$rowdir/starve")
  starve_prepare || return 1
  while IFS='|' read -r method path body first; do
    read -r -a before <<<"$first"
    # Three in a row that nothing happened to: the request needs no more than that. Those that need many, and read
    # all surveys anew, are not refused each.
    clean=0
    for ((n = 0; n < 2000 && clean < 3; n += n < 40 ? 1 : 61)); do
      await 2 starve_precede "${before[@]}" || violation "${before[*]}: $(cat "$rowdir/starved")"
      set_starve "$n"
      status=$(starve_request "$method" "$path" "$body" "$n")
      total=$((total + 1))
      if [ "$(starve_failed)" = 0 ]; then clean=$((clean + 1)); else clean=0 refused=$((refused + 1)); fi
      set_starve -1
      case $status in
        000 | 2?? | 303 | 500 | 503) ;;
        *) violation "$method $path with allocation $n refused: $status" && break ;;
      esac
      has_ended "${pid[a]}" &&
        { violation "$method $path with allocation $n refused: the daemon died: $(tail -n 1 "${folder[a]}/log")" && break; }
    done
    has_ended "${pid[a]}" && { pid[a]='' && daemon_up a || return 1; }
    # A connection that could not be made anew is tried again within 250 ms.
    for ((i = 0; i < 20; i++, n++)); do
      starve_precede "${before[@]}" || continue
      fine=$(starve_request "$method" "$path" "$body" "$n")
      [[ ! $fine =~ ^(2..|303)$ ]] || break
      sleep 0.05
    done
    [[ $fine =~ ^(2..|303)$ ]] || violation "$method $path afterwards: $fine"
  done < <(starve_requests)
  detail="$(starve_requests | wc -l) requests, $total times, $refused allocations refused"
}

# --- F17, F18, F19 ---

row_F17() { # COUNT
  local i crowd ticks
  row_begin F17 NPSD_CONNECTIONS=32 || return 1
  # As many as it asks for and not one more; with fewer it refuses to start.
  needed=64
  while :; do
    wrapper=(prlimit "--nofile=$needed:$needed")
    daemon_start a
    await 10 is_ready_or_dead a || return 1
    ! has_ended "${pid[a]}" && break
    wait "${pid[a]}" && violation "it ended with 0 although $needed descriptors are not enough"
    needed=$(sed -n 's/.*event=too-few-descriptors.* needed=\([0-9]*\).*/\1/p' "${folder[a]}/log" | tail -n 1)
    [ -n "$needed" ] || return 1
  done
  detail="64 descriptors refused, $needed taken"
  client_start 600 --connections 8 --rate 200 --pollers 1
  for ((i = 0; i < $1; i++)); do
    sleep 1
    "$tools/rough" "127.0.0.1:${port[a]}" idle 200 6 >"$rowdir/rough" 2>&1 &
    crowd=$!
    postgres_away
    ticks=$(cpu_ticks a)
    sleep 2
    ticks=$(($(cpu_ticks a) - ticks))
    [ $ticks -le 100 ] || violation "it span: $ticks ticks of CPU in 2 s"
    sleep 2
    disturb cluster_start
    wait $crowd
    event accepts
    sleep 2
  done
  client_end
  row_check
}

cpu_ticks() { awk '{ print $14 + $15 }' "/proc/${pid[$1]}/stat"; }

row_F18() { # COUNT
  local status=0 out
  [ $EUID -eq 0 ] || { skip 'root is needed to start it as a user with a limit' && return; }
  row_begin F18 || return 1
  mkdir -p "$rowdir/nobody" && chmod 711 "$rowdir" && chown nobody "$rowdir/nobody"
  cp "$npsd" "$scratch/npsd" && chmod 755 "$scratch/npsd"
  out=$(timeout 20 setpriv --reuid=nobody --regid=nogroup --clear-groups prlimit --nproc=2:2 env NPSD_LISTEN=127.0.0.1:0 \
    NPSD_ADMIN_LISTEN=127.0.0.1:0 NPSD_VAR="$rowdir/nobody" NPSD_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none" \
    "$scratch/npsd" serve 2>&1) || status=$?
  case $status in
    0) violation "it started without processes" ;;
    124 | 13[0-9] | 139) violation "it ended with $status" ;;
  esac
  [[ $out == *level=error* ]] || violation "it did not say why: $out"
  detail="exit code $status"
}

row_F19() { # COUNT
  local i jump library
  library=$(find /usr/lib -name libfaketimeMT.so.1 2>/dev/null | head -n 1)
  [ -n "$library" ] || { skip 'faketime is not installed' && return; }
  row_begin F19 || return 1
  echo +0 >"$rowdir/time"
  wrapper=(env "LD_PRELOAD=$library" "FAKETIME_TIMESTAMP_FILE=$rowdir/time" FAKETIME_NO_CACHE=1 DONT_FAKE_MONOTONIC=1
    FAKETIME_DONT_FAKE_MONOTONIC=1)
  daemon_up a || return 1
  client_start 600 --rate 300
  for ((i = 0; i < $1; i++)); do
    for jump in +3600 -3600 +86400 -86400 +0; do
      sleep 1
      echo "$jump" >"$rowdir/time.new" && mv "$rowdir/time.new" "$rowdir/time"
    done
  done
  sleep 1
  client_end
  row_check
  [ "${figure[503]}${figure[unknown]}" = 00 ] || violation "${figure[503]} times 503, ${figure[unknown]} without a reply"
  expect_no_slow_reply 5000
}
