#!/usr/bin/env bash
# Shows what numbers cost when a survey has one, ten and a hundred million answers of ten years, and judges
# it against the goals; RESULTS.md says what is measured and why. Everything runs on this machine in a
# private PostgreSQL cluster, which is removed at the end.
#
#   tests/bench/scale.sh      about half an hour and 60 GB of disk under TMPDIR; the table also goes to
#                             build/bench/scale.txt, what it is made from to scale.facts, scale.measures
#
#   BENCH_SIZES               millions of answers of each survey ("1 10 100")
#   BENCH_SAMPLES             times that each question is asked (41, and as often before that, to warm up)
#   BENCH_KEEP                a folder where the cluster stays, stopped; a run that finds one there asks it,
#                             and makes no answers of its own. It must be new or made by the same schema
#
# Exit code 0 when every goal is met and nothing was wrong.
set -Eeuo pipefail
cd "$(dirname "$0")/../.."
export LC_ALL=C

read -ra sizes <<<"${BENCH_SIZES:-1 10 100}"
readonly samples=${BENCH_SAMPLES:-41}
readonly questions=(nothing nps-days nps-quarter nps-all series branch-days branch-all
  product-days product-all one-days one-all two-days)
# Recounted: the survey's first month, which is not whole, one in the middle, and the running one.
readonly months_ago=(120 60 0)

# shellcheck source=tests/bench/service.sh
. tests/bench/service.sh
# shellcheck source=tests/bench/generate.sh
. tests/bench/generate.sh
# shellcheck source=tests/bench/ask.sh
. tests/bench/ask.sh

# Space is told by survey: what the tables have grown by.
make_surveys() {
  local size rows tallies rows_before tallies_before all=0
  for size in "${sizes[@]}"; do all=$((all + size)); done
  start_generation
  need_space "$all"
  read -r rows tallies < <(space)
  for size in "${sizes[@]}"; do
    rows_before=$rows tallies_before=$tallies
    generate "${size}m" "$size"
    read -r rows tallies < <(space)
    fact "rows_${size}m" $((rows - rows_before))
    fact "tallies_${size}m" $((tallies - tallies_before))
  done
  fact sizes "${sizes[*]}"
  end_generation
}

# A kept cluster has its facts in a file beside it, which is the last to be written.
find_surveys() {
  if [ -n "${BENCH_KEEP:-}" ]; then
    mkdir -p "$BENCH_KEEP"
    cluster=$(readlink -e "$BENCH_KEEP") at_end=stop
  fi
  if [ -e "$cluster/made.facts" ]; then
    start_cluster
    cp "$cluster/made.facts" "$facts"
    read -ra sizes < <(sed -n 's/^sizes\t//p' "$facts")
    "$npsd" migrate
  else
    make_surveys
    [ "$at_end" = remove ] || cp "$facts" "$cluster/made.facts"
  fi
}

# All sizes take turns, so that drift meets them alike.
ask_all() {
  local name
  asked=$measures
  find_quarter
  for name in "${questions[@]}"; do
    ask first "$name" "${sizes[*]/%/m}" "$samples" "$samples"
    say "asked: $name"
  done
}

prove() {
  local size ago status=0
  for size in "${sizes[@]}"; do
    for ago in "${months_ago[@]}"; do
      say "npsd check: ${size}m, $ago months ago"
      run_child timeout 600 "$npsd" check --survey "${size}m" \
        --month "$(date -u --date="$(date -u +%Y-%m-15) - $ago months" +%Y-%m)" >"$scratch/check.txt" 2>&1 || status=$?
      grep -q '^1 month checked: all equal' "$scratch/check.txt" || { cat "$scratch/check.txt" >&2 && status=1; }
    done
  done
  fact check $status
}

prepare
find_surveys
start_daemon first
create_key
describe_machine "sizes, in millions of answers: ${sizes[*]}; each question $samples times"
watch_others
ask_all
tell_others
prove
mkdir -p build/bench
cp -- "$facts" build/bench/scale.facts
cp -- "$measures" build/bench/scale.measures
awk -f tests/bench/common.awk -f tests/bench/scale.awk "$facts" "$measures" | tee build/bench/scale.txt
if grep -q '^MISS' build/bench/scale.txt; then exit 1; fi
