#!/usr/bin/env bash
# Measures npsd under load and judges the figures against the goals; RESULTS.md says what is measured
# and why. Everything runs on this machine in a private PostgreSQL cluster with durable settings,
# which is removed at the end.
#
#   tests/bench/run.sh          about eight minutes; the table also goes to build/bench/latest.txt,
#                               what it is made from to build/bench/facts and measures
#
#   BENCH_QUICK=1               about a minute: shows that all of it works, too short for figures
#   BENCH_ROUNDS                rounds in which all loads take turns (5)
#   BENCH_SECONDS               seconds of each load in a round (4)
#   BENCH_SNAPSHOT_SECONDS      age of the open snapshot (60)
#   BENCH_WRITERS_SECONDS       seconds of the four writers (10)
#
# Exit code 0 when every goal is met and nothing was wrong.
set -Eeuo pipefail
cd "$(dirname "$0")/../.."
export LC_ALL=C

if [ "${BENCH_QUICK:-0}" = 1 ]; then
  defaults=(1 2 12 4)
else
  defaults=(5 4 60 10)
fi
rounds=${BENCH_ROUNDS:-${defaults[0]}}
seconds=${BENCH_SECONDS:-${defaults[1]}}
snapshot_seconds=${BENCH_SNAPSHOT_SECONDS:-${defaults[2]}}
writers_seconds=${BENCH_WRITERS_SECONDS:-${defaults[3]}}
readonly rounds seconds snapshot_seconds writers_seconds
readonly batch_items=500 batch_connections=4
phase=''

# shellcheck source=tests/bench/service.sh
. tests/bench/service.sh
# shellcheck source=tests/bench/loads.sh
. tests/bench/loads.sh

# --- the phases ---

# Every load once a round. A round starts three places later than the one before, so that what a load
# leaves behind (checkpoints, vacuum, a warm or busy machine) does not always meet the same one.
compare_with_pgbench() {
  local loads=(single64 pgbench8 bare16 single256 pgbench16 single512 pgbench32 batch bare32 pgbench64) round i
  for ((round = 1; round <= rounds; round++)); do
    phase="round $round of $rounds"
    for ((i = 0; i < ${#loads[@]}; i++)); do
      measure "${loads[(i + 3 * round) % ${#loads[@]}]}" "$seconds"
    done
  done
}

# Half of the time without, all of the time with, half without: so growth and drift fall on both. The
# snapshot is of one transaction; its load is measured in thirds, because what it costs grows with age.
compare_with_snapshot() {
  local third
  phase='open snapshot'
  measure without "$((snapshot_seconds / 2))"
  open_snapshot
  for third in 1 2 3; do measure "with$third" "$((snapshot_seconds / 3))"; done
  close_snapshot
  measure without "$((snapshot_seconds / 2))"
}

# Two daemons on one database, each with single answers and batches at once: four connections that write.
write_from_two_daemons() {
  local before
  say "two daemons, four writers"
  start_daemon second
  before=$(deadlocks)
  measure_writers "$writers_seconds"
  fact deadlocks "$(($(deadlocks) - before))"
  read -r acked_by_second _ < <(counters second)
  stop_daemon second
}

# Nothing that was acknowledged is missing, and the numbers equal a recount.
prove() {
  local acked status=0
  settle >/dev/null
  read -r acked _ < <(counters first)
  fact acked "$((acked + acked_by_second))"
  fact counted "$(count_by_results)"
  fact rows "$(query "select count(*) from response")"
  fact peer_rows "$(query "select (select count(*) from indexed.peer) + (select count(*) from bare.peer)")"
  say "npsd check: recounting"
  run_child timeout 600 "$npsd" check >"$scratch/check.txt" 2>&1 || status=$?
  [ $status -eq 0 ] || cat "$scratch/check.txt" >&2
  fact check $status
}

start_all() {
  prepare
  start_cluster
  start_daemon first
  create_survey demo
  create_key
  run_child psql "$NPSD_DATABASE_URL" --no-psqlrc --quiet --set=ON_ERROR_STOP=1 \
    --file=tests/bench/peer.sql
}

start_all
describe_machine "$rounds rounds of $seconds s a load, snapshot $snapshot_seconds s, writers $writers_seconds s"
compare_with_pgbench
compare_with_snapshot
write_from_two_daemons
prove
mkdir -p build/bench
cp -- "$facts" "$measures" build/bench/
awk -f tests/bench/common.awk -f tests/bench/report.awk "$facts" "$measures" | tee build/bench/latest.txt
if grep -q '^MISS' build/bench/latest.txt; then exit 1; fi
