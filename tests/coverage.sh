#!/usr/bin/env bash
# Runs test programs that were built with --coverage, and tells which lines of src/ they have run.
#
#   tests/coverage.sh build/coverage build/coverage/tests/unit/test_nps ...
#
# A line a file, worst first, then the sum; BUILD/lines.txt names the lines that were not run. Then, as
# with tests/run.sh, what passed and failed. The exit code is not 0 when a test failed or when fewer
# than 90 % of the lines were run.
#
# A process leaves its counters when it ends by exit or from main, so a daemon that is asked to end
# counts, and one that is killed does not: nor does a test that has to end by abort.
set -eu -o pipefail
cd "$(dirname "$0")/.."

least=90 build=$1
shift

find "$build" -name '*.gcda' -delete
status=0
tests/run.sh "$@" | tee "$build/run.log" || status=1

gcovr --root . --filter 'src/' --csv "$build/lines.csv" --txt "$build/lines.txt" "$build/obj/src"
echo
awk -F , -v least="$least" '
  function line(name, run, all) {
    return sprintf("%-40s %5d of %5d lines  %6.2f %%", name, run, all, all ? 100 * run / all : 100)
  }
  $1 ~ /^src\// {
    lines += $2; run += $3
    print line($1, $3, $2) | "sort -k 6,6n -k 1,1"
  }
  END {
    close("sort -k 6,6n -k 1,1")
    print line("src", run, lines) " (at least " least ")"
    exit (100 * run < least * lines || !lines)
  }' "$build/lines.csv" || status=1
tail -n 1 "$build/run.log"
exit "$status"
