# Part of run.sh and peers.sh: the loads, and how one is measured. Each is bounded in time.
# shellcheck shell=bash disable=SC2154 # what is not set here is set in those and in service.sh

snapshot_input=''

# Prints "result REPLIES MICROSECONDS P99_MICROSECONDS ERRORS".
post() { # DAEMON CONNECTIONS ITEMS SECONDS
  local path=responses
  [ "$3" = 1 ] || path=responses/batch
  exec timeout --kill-after=5 $(($4 + 60)) wrk --threads=$(($2 < 2 ? $2 : 2)) --connections="$2" \
    --duration="$4s" --timeout=30s --latency --script=tests/bench/post.lua \
    "http://${address[$1]}/v1/surveys/demo/$path" -- "$scratch/key" "$3"
}

# Asks one address again and again; with an ETag, whether there is anything new.
poll() { # DAEMON CONNECTIONS SECONDS [ETAG]
  exec timeout --kill-after=5 $(($3 + 60)) wrk --threads=$(($2 < 2 ? $2 : 2)) --connections="$2" \
    --duration="$3s" --timeout=30s --latency --script=tests/bench/poll.lua \
    "http://${address[$1]}$polled" -- "$scratch/key" "${@:4}"
}

# The base puts the ids of this run behind those of the runs before, as time does with ours.
insert() { # SCHEMA CLIENTS SECONDS
  export PGOPTIONS="-c search_path=$1"
  exec timeout --kill-after=5 $(($3 + 60)) pgbench --no-vacuum --protocol=prepared --jobs=2 \
    --client="$2" --time="$3" --file=tests/bench/insert.sql \
    --define=n=0 --define=base="${EPOCHREALTIME/./}" \
    --define=answers='{"why": "Fast"}' --define=properties='{"branch": "north"}' "$NPSD_DATABASE_URL"
}

# --- one load at a time ---

# Sets connections and items from the name of a load; connections of pgbench are its clients.
parse_load() { # NAME
  items=1
  case $1 in
    single*) connections=${1#single} ;;
    pgbench*) connections=${1#pgbench} ;;
    bare*) connections=${1#bare} ;;
    batch) connections=$batch_connections items=$batch_items ;;
    with*) connections=64 ;;
    fastify*) connections=${1#fastify} ;;
    fresh*) connections=${1#fresh} ;;
    same*) connections=${1#same} ;;
    hello*) connections=${1#hello} ;;
  esac
}

run_load() { # NAME SECONDS
  case $1 in
    pgbench*) run_child insert indexed "$connections" "$2" ;;
    bare*) run_child insert bare "$connections" "$2" ;;
    fastify*) run_child post fastify "$connections" 1 "$2" ;;
    fresh*) run_child poll first "$connections" "$2" ;;
    same*) run_child poll first "$connections" "$2" "$etag" ;;
    hello*) run_child poll hello "$connections" "$2" ;;
    *) run_child post first "$connections" "$items" "$2" ;;
  esac >"$scratch/load.txt" 2>&1
}

# The same line as wrk's, without a p99.
summary_of_pgbench() { # FILE
  awk '
    /transactions actually processed:/ { replies = $NF }
    /number of failed transactions:/ { failed = $5 }
    /^tps =/ { rate = $3 }
    END { if (rate > 0) printf "%d %d 0 %d\n", replies, replies / rate * 1000000, failed }' "$1"
}

# Sets replies, micros, p99 and errors from what a load has printed.
read_result() { # NAME
  case $1 in
    pgbench* | bare*) read -r replies micros p99 errors < <(summary_of_pgbench "$scratch/load.txt") ;;
    *) read -r replies micros p99 errors < <(sed -n 's/^result //p' "$scratch/load.txt") ;;
  esac || { cat "$scratch/load.txt" >&2 && fail "$1 has no result"; }
}

# A line of measures: load, answers, microseconds, p99, errors, processor time (daemon, PostgreSQL, load
# generator, whole machine), commits and answers in them, seconds until all was folded, and answers
# that the daemon acknowledged, of which at most so many were on their way when the load ended.
record() { # NAME BEFORE AFTER COUNTERS_BEFORE COUNTERS_AFTER FOLDED
  local -a a b c d
  read -ra a <<<"$2"
  read -ra b <<<"$3"
  read -ra c <<<"$4"
  read -ra d <<<"$5"
  printf '%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%s\t%d\t%d\n' \
    "$1" $((replies * items)) "$micros" "$p99" "$errors" \
    $((b[0] - a[0])) $((b[1] - a[1])) $((b[2] - a[2])) $((b[3] - a[3])) \
    $((d[1] - c[1])) $((d[2] - c[2])) "$6" $((d[0] - c[0])) $((connections * items)) >>"$measures"
}

# Answers acknowledged, commits, answers in them.
counters() { # DAEMON
  curl -fsS --max-time 10 "${admin[$1]}/metrics" | awk '
    $1 ~ /^npsd_responses_acked_total[{]/ { acked += $2 }
    $1 == "npsd_commit_batch_size_count" { commits = $2 }
    $1 == "npsd_commit_batch_size_sum" { answers = $2 }
    END { printf "%d %d %d\n", acked, commits, answers }'
}

measure() { # NAME SECONDS
  local connections items replies micros p99 errors before after counted folded
  parse_load "$1"
  settle >/dev/null
  counted=$(counters first)
  before=$(processor_time)
  run_load "$1" "$2" || { cat "$scratch/load.txt" >&2 && fail "$1 failed"; }
  after=$(processor_time)
  read_result "$1"
  folded=$(settle)
  record "$1" "$before" "$after" "$counted" "$(counters first)" "$folded"
  say "$phase: $1: $((replies * items * 1000000 / micros)) a second"
}

# --- an open snapshot ---

# What a report or a backup does: a transaction that keeps seeing the database as it was. psql reads
# what we say from a pipe with a name.
open_snapshot() {
  local i
  rm -f -- "$scratch/snapshot" && mkfifo "$scratch/snapshot"
  psql "$NPSD_DATABASE_URL" --no-psqlrc --quiet --tuples-only --no-align \
    <"$scratch/snapshot" >"$scratch/snapshot.txt" 2>&1 &
  snapshot_session=$!
  exec {snapshot_input}>"$scratch/snapshot"
  echo 'begin isolation level repeatable read; select 1;' >&"$snapshot_input"
  for ((i = 0; i < 100; i++)); do
    [ ! -s "$scratch/snapshot.txt" ] || return 0
    sleep 0.1
  done
  fail "psql does not open a snapshot"
}

# Fails unless the transaction has lived until now.
close_snapshot() {
  echo 'select 2; commit;' >&"$snapshot_input"
  exec {snapshot_input}>&-
  wait "$snapshot_session" || true
  snapshot_session=''
  [ "$(tr '\n' ' ' <"$scratch/snapshot.txt")" = '1 2 ' ] ||
    fail "the snapshot was lost: $(cat "$scratch/snapshot.txt")"
}

# --- four writers ---

# A line of measures like the others', without what cannot be told apart.
record_writer() { # FILE CONNECTIONS ITEMS
  local replies micros p99 errors
  read -r replies micros p99 errors < <(sed -n 's/^result //p' "$1") ||
    { cat "$1" >&2 && fail "a writer has no result"; }
  printf 'writer\t%d\t%d\t%d\t%d\t0\t0\t0\t0\t0\t0\t0\t%d\t%d\n' $((replies * $3)) "$micros" "$p99" "$errors" \
    $((replies * $3)) $(($2 * $3)) >>"$measures"
}

# Starts a load that runs beside others; its result goes to a file.
post_aside() { # DAEMON CONNECTIONS ITEMS SECONDS FILE
  post "${@:1:4}" >"$5" 2>&1 &
  loads+=($!)
}

measure_writers() { # SECONDS
  local name load
  for name in first second; do
    post_aside "$name" 64 1 "$1" "$scratch/$name.single"
    post_aside "$name" "$batch_connections" "$batch_items" "$1" "$scratch/$name.batch"
  done
  for load in "${loads[@]}"; do wait "$load" || true; done
  loads=()
  for name in first second; do
    record_writer "$scratch/$name.single" 64 1
    record_writer "$scratch/$name.batch" "$batch_connections" "$batch_items"
  done
}
