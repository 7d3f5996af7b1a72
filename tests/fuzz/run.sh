#!/usr/bin/env bash
# Runs fuzz targets, one after the other, each for FUZZ_SECONDS (60), beginning with its kept corpus.
#
#   tests/fuzz/run.sh [build/fuzz/tests/fuzz/fuzz_answer ...]      none named: all
#
# New inputs that reach new code are gathered under build/fuzz/corpus; FUZZ_KEEP=1 merges what they
# add into tests/fuzz/corpus. A finding is written beside the target, is shown, and fails the run. The
# last line is Check's, for tests/run.sh.
set -u
cd "$(dirname "$0")/../.." || exit 1
seconds=${FUZZ_SECONDS:-60}
checks=0 failures=0
export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1

fuzz() { # PROGRAM
  local program=$1 name=${1##*/fuzz_} log found
  local kept=tests/fuzz/corpus/$name new=build/fuzz/corpus/$name
  mkdir -p "$new"
  log=$(mktemp) || exit 1
  checks=$((checks + 1))
  if timeout --kill-after=10 $((seconds + 120)) "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
    -max_len=8192 -dict=tests/fuzz/dictionary.txt -artifact_prefix="build/fuzz/$name-" -print_final_stats=1 \
    "$new" "$kept" >"$log" 2>&1; then
    found=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    printf 'fuzz %-12s %10s inputs, %4d in the corpus, nothing found\n' "$name" "${found:-?}" \
      "$(find "$new" "$kept" -type f | wc -l)"
  else
    failures=$((failures + 1))
    printf 'fuzz %-12s FOUND something:\n' "$name"
    tail -n 60 "$log"
  fi
  rm -f -- "$log"
  [ -z "${FUZZ_KEEP:-}" ] || "$program" -merge=1 "$kept" "$new" >/dev/null 2>&1
}

if [ $# -eq 0 ]; then
  for source in tests/fuzz/fuzz_*.c; do set -- "$@" "build/fuzz/${source%.c}"; done
fi
for program; do fuzz "$program"; done
[ "$checks" -gt 0 ] || { echo "no fuzz target" >&2 && exit 1; }
echo "$(((checks - failures) * 100 / checks))%: Checks: $checks, Failures: $failures, Errors: 0"
[ "$failures" -eq 0 ]
