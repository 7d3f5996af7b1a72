#!/usr/bin/env bash
# PostgreSQL is away for five minutes while answers come at a steady pace: whether each is acknowledged by 202,
# how long that takes, and whether all are in PostgreSQL afterwards, each under its id. RESULTS.md says what is
# measured and why. Everything runs on this machine in a private PostgreSQL cluster, which is removed at the end.
#
#   tests/bench/away.sh      about seven minutes; the report also goes to build/bench/away.txt, what it is made
#                            from to away.facts
#
#   BENCH_SECONDS            seconds without PostgreSQL (300)
#   BENCH_POSTS              answers a second (2000)
#
# Exit code 0 when every goal is met and nothing was wrong.
set -Eeuo pipefail
cd "$(dirname "$0")/../.."
export LC_ALL=C

readonly seconds=${BENCH_SECONDS:-300} posts=${BENCH_POSTS:-2000} connections=64
# Live answers while the spool is moved in; before and after is a second of them with PostgreSQL.
readonly back_seconds=30

# shellcheck source=tests/bench/service.sh
. tests/bench/service.sh

# Facts NAME_1, NAME_2 and so on, in the order of pace's line.
pace() { # NAME SECONDS
  local values i
  say "$posts answers a second for $2 s: $1"
  run_child timeout --kill-after=5 $(($2 + 60)) build/tests/bench/pace "${address[first]}" "$scratch/key" demo 0 \
    "$2" "$posts" $connections 0 0 "$scratch/$1.ids" >"$scratch/$1" 2>"$scratch/$1.log" || true
  read -ra values < <(sed -n 's/^result //p' "$scratch/$1") || { cat "$scratch/$1.log" >&2 && fail "$1 has no result"; }
  for i in "${!values[@]}"; do fact "$1_$((i + 1))" "${values[i]}"; done
}

gauge() { curl -fsS "${admin[first]}/metrics" | sed -n "s/^$1 //p"; }

# From the moment PostgreSQL accepts connections; in the background, beside the load.
time_return() {
  local from i
  deploy/cluster.sh start "$cluster" >/dev/null
  from=$EPOCHREALTIME
  for ((i = 0; i < 6000; i++)); do
    [ "$(gauge npsd_spooling)" != 0 ] || break
    sleep 0.02
  done
  awk -v from="$from" -v to="$EPOCHREALTIME" 'BEGIN { printf "usable\t%.2f\n", to - from }' >"$scratch/return"
  for ((i = 0; i < 6000; i++)); do
    [ "$(gauge npsd_spool_waiting)" != 0 ] || break
    sleep 0.1
  done
  awk -v from="$from" -v to="$EPOCHREALTIME" 'BEGIN { printf "moved\t%.1f\n", to - from }' >>"$scratch/return"
}

# Of the acknowledged ids, how many have no row, and how many rows have none.
compare_ids() {
  cat "$scratch"/*.ids >"$scratch/ids"
  fact acknowledged "$(wc -l <"$scratch/ids")"
  fact ids "$(sort -u "$scratch/ids" | wc -l)"
  psql "$NPSD_DATABASE_URL" --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 \
    --command='create temporary table acked (id uuid)' --command='\copy acked from pstdin' \
    --command="select 'lost' || E'\t' || count(*) from acked where not exists (select from response r where r.id = acked.id)" \
    --command="select 'phantoms' || E'\t' || count(*) from response r where not exists (select from acked where acked.id = r.id)" \
    <"$scratch/ids" >>"$facts"
  fact rows "$(query 'select count(*) from response')"
  fact conflicts "$(gauge npsd_spool_conflicts)"
}

prove() {
  local status=0
  settle >/dev/null
  fact counted "$(count_by_results)"
  run_child timeout 600 "$npsd" check >"$scratch/check.txt" 2>&1 || status=$?
  [ $status -eq 0 ] || cat "$scratch/check.txt" >&2
  fact check $status
}

prepare
start_cluster
start_daemon first
create_survey demo
create_key
describe_machine "$posts answers a second on $connections connections, $seconds s of them without PostgreSQL"
fact posts "$posts"
fact seconds "$seconds"
watch_others
pace before 10
deploy/cluster.sh stop "$cluster" >/dev/null
pace away "$seconds"
fact spool_waiting "$(gauge npsd_spool_waiting)"
fact spool_bytes "$(gauge npsd_spool_bytes)"
time_return &
loads=($!)
pace back $back_seconds
wait "${loads[0]}"
loads=()
cat "$scratch/return" >>"$facts"
tell_others
compare_ids
prove
mkdir -p build/bench
cp -- "$facts" build/bench/away.facts
awk -f tests/bench/common.awk -f tests/bench/away.awk "$facts" | tee build/bench/away.txt
if grep -q '^MISS' build/bench/away.txt; then exit 1; fi
