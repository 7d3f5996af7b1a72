#!/usr/bin/env bash
# Answers and polls at a steady pace, both at once: how long polls take, whether each shows what it must, and
# whether the tallies are right at every moment; then the daemon's memory. RESULTS.md says what is measured
# and why. Everything runs on this machine in a private PostgreSQL cluster, which is removed at the end.
#
#   tests/bench/mixed.sh      about seven minutes; the report also goes to build/bench/mixed.txt, what it is
#                             made from to mixed.facts and mixed.memory
#
#   BENCH_SECONDS             seconds of the mixed load (60)
#   BENCH_POSTS, BENCH_POLLS  answers and polls a second in it (10000, 2000)
#   BENCH_SOAK_SECONDS        seconds of the lighter load under which memory has to stay (300)
#
# Exit code 0 when every goal is met and nothing was wrong.
set -Eeuo pipefail
cd "$(dirname "$0")/../.."
export LC_ALL=C

readonly seconds=${BENCH_SECONDS:-60} posts=${BENCH_POSTS:-10000} polls=${BENCH_POLLS:-2000}
readonly soak_seconds=${BENCH_SOAK_SECONDS:-300} soak_posts=2000 soak_polls=500
readonly post_connections=256 many_connections=4000

# shellcheck source=tests/bench/service.sh
. tests/bench/service.sh

# Of the daemon, in kilobytes.
resident() { awk '/^VmRSS:/ { print $2 }' "/proc/${daemon[first]}/status"; }

# Starts a load that runs beside the script; its result goes to a file.
pace_aside() { # FILE SECONDS POSTS CONNECTIONS POLLS CONNECTIONS
  local base
  base=$(query 'select count(*) from response')
  timeout --kill-after=5 $(($2 + 60)) build/tests/bench/pace "${address[first]}" "$scratch/key" demo "$base" \
    "${@:2}" >"$1" 2>"$1.log" &
  loads=($!)
}

is_running() { kill -0 "${loads[0]}" 2>/dev/null; }

# Facts NAME_1, NAME_2 and so on, in the order of pace's line.
end_pace() { # NAME FILE
  local values i
  wait "${loads[0]}" || true
  loads=()
  read -ra values < <(sed -n 's/^result //p' "$2") || { cat "$2.log" >&2 && fail "$1 has no result"; }
  for i in "${!values[@]}"; do fact "$1_$((i + 1))" "${values[i]}"; done
}

# Of the rows and the tallies, in one snapshot. Whoever counts all rows again is no part of the service: one
# process of least priority, not one for each processor.
sample() {
  psql "$NPSD_DATABASE_URL" --no-psqlrc --quiet --tuples-only --no-align <<'SQL'
set max_parallel_workers_per_gather = 0;
select pg_backend_pid() as sampler \gset
\setenv SAMPLER :sampler
\! renice --priority 19 --pid "$SAMPLER" >/dev/null
\i tests/bench/sample.sql
SQL
}

mix() {
  local differing cells samples=0 wrong=0 least=
  say "$posts answers and $polls polls a second for $seconds s"
  pace_aside "$scratch/mixed" "$seconds" "$posts" "$post_connections" "$polls" 32
  while is_running; do
    IFS='|' read -r differing cells < <(sample)
    samples=$((samples + 1))
    [ "$differing" = 0 ] || wrong=$((wrong + 1))
    least=$cells
    sleep 2
  done
  end_pace mixed "$scratch/mixed"
  fact samples "$samples"
  fact samples_wrong "$wrong"
  fact sample_cells "$least"
}

prove() {
  local status=0
  fact rows "$(query 'select count(*) from response')"
  settle >/dev/null
  run_child timeout 600 "$npsd" check >"$scratch/check.txt" 2>&1 || status=$?
  [ $status -eq 0 ] || cat "$scratch/check.txt" >&2
  fact check $status
}

soak() {
  say "$soak_posts answers and $soak_polls polls a second for $soak_seconds s"
  pace_aside "$scratch/soak" "$soak_seconds" "$soak_posts" 64 "$soak_polls" 32
  while is_running; do
    printf 'resident\t%d\n' "$(resident)" >>"$measures"
    sleep 2
  done
  end_pace soak "$scratch/soak"
}

# Each connection has had its turn when this is measured.
connect_many() {
  local most=0 now
  say "$many_connections connections"
  pace_aside "$scratch/many" 10 2000 $((many_connections - 32)) 200 32
  while is_running; do
    now=$(resident)
    [ "$now" -lt "$most" ] || most=$now
    sleep 0.5
  done
  end_pace many "$scratch/many"
  fact memory_many "$most"
}

prepare
start_cluster
start_daemon first
create_survey demo
create_key
describe_machine "$posts answers and $polls polls a second for $seconds s; then $soak_posts and $soak_polls for $soak_seconds s"
fact posts "$posts"
fact polls "$polls"
fact connections "$many_connections"
fact post_connections "$post_connections"
sleep 3
fact memory_idle "$(resident)"
watch_others
mix
tell_others
prove
fact memory_after "$(resident)"
soak
connect_many
mkdir -p build/bench
cp -- "$facts" build/bench/mixed.facts
cp -- "$measures" build/bench/mixed.memory
awk -f tests/bench/common.awk -f tests/bench/mixed.awk "$facts" "$measures" | tee build/bench/mixed.txt
if grep -q '^MISS' build/bench/mixed.txt; then exit 1; fi
