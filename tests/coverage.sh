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
sort -t , -k 4,4n -k 1,1 "$build/lines.csv" | awk -F , -v least="$least" '
  $1 !~ /^src\// { next }
  { printf "%-40s %5d of %5d lines  %6.2f %%\n", $1, $3, $2, 100 * $3 / ($2 ? $2 : 1) }
  { all += $2; run += $3 }
  END {
    share = all ? 100 * run / all : 0
    printf "%-40s %5d of %5d lines  %6.2f %% (at least %d)\n", "src", run, all, share, least
    exit (share < least)
  }' || status=1
tail -n 1 "$build/run.log"
exit "$status"
