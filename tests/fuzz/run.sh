#!/usr/bin/env bash
# Runs fuzz targets, two at a time (FUZZ_JOBS), each for FUZZ_SECONDS (60), beginning with its kept
# corpus.
#
#   tests/fuzz/run.sh [build/fuzz/tests/fuzz/fuzz_answer ...]      none named: all
#
# New inputs that reach new code are gathered under build/fuzz/corpus; FUZZ_KEEP=1 adds the few of
# them that reach what tests/fuzz/corpus does not. A finding is written beside the target, is shown,
# and fails the run. The last line is Check's, for tests/run.sh.
set -u
cd "$(dirname "$0")/../.." || exit 1
seconds=${FUZZ_SECONDS:-60} at_once=${FUZZ_JOBS:-2}
export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1

# The files of the targets lie in memory, if that can be: they are many.
scratch=$(mktemp -d) || exit 1
TMPDIR=$(mktemp -d -p /dev/shm 2>/dev/null || mktemp -d) || exit 1
export TMPDIR

interrupted() {
  local running
  mapfile -t running < <(jobs -pr)
  [ ${#running[@]} -eq 0 ] || kill -TERM "${running[@]}" 2>/dev/null
  wait
  exit 130
}
trap interrupted INT TERM HUP
trap 'rm -rf -- "$scratch" "$TMPDIR"' EXIT

# In a subshell; leaves an empty file of its name if nothing is found.
fuzz() { # PROGRAM
  local program=$1 name=${1##*/fuzz_} found child
  local kept=tests/fuzz/corpus/$name new=build/fuzz/corpus/$name log=$scratch/$name.log
  mkdir -p "$new"
  timeout --kill-after=10 $((seconds + 120)) "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
    -max_len=8192 -dict=tests/fuzz/dictionary.txt -artifact_prefix="build/fuzz/$name-" -print_final_stats=1 \
    "$new" "$kept" >"$log" 2>&1 &
  child=$!
  trap 'kill -TERM "$child" 2>/dev/null; wait "$child"; exit 130' TERM
  if wait "$child"; then
    found=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    printf 'fuzz %-12s %10s inputs, %4d in the corpus, nothing found\n' "$name" "${found:-?}" \
      "$(find "$new" "$kept" -type f | wc -l)"
    touch "$scratch/$name.good"
  else
    printf 'fuzz %-12s FOUND something:\n%s\n' "$name" "$(grep -v '^ts=' "$log" | tail -n 60)"
  fi
  [ -z "${FUZZ_KEEP:-}" ] || "$program" -use_counters=0 -set_cover_merge=1 "$kept" "$new" >/dev/null 2>&1
}

if [ $# -eq 0 ]; then
  for source in tests/fuzz/fuzz_*.c; do set -- "$@" "build/fuzz/${source%.c}"; done
fi
for program; do
  while [ "$(jobs -pr | wc -l)" -ge "$at_once" ]; do wait -n; done
  fuzz "$program" &
done
wait
[ $# -gt 0 ] || { echo "no fuzz target" >&2 && exit 1; }
good=$(find "$scratch" -name '*.good' | wc -l)
echo "$((good * 100 / $#))%: Checks: $#, Failures: $(($# - good)), Errors: 0"
[ "$good" -eq $# ]
