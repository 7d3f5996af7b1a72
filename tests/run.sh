#!/usr/bin/env bash
# Runs Check programs, and others that count as they do, three at a time (NPSD_TEST_JOBS), and counts. From the
# first of tests/fault on they run one by one.
#
#   tests/run.sh build/tests/unit/test_nps build/tests/api/test_surveys tests/web/run.mjs ...
#
# A line a program; the output of a program only when it fails. The last line is `N passed, N failed`.
# The exit code is not 0 when a test failed, a program died without a summary, or no test ran.
#
# The programs get a private PostgreSQL cluster, made for this run and removed after it, unless
# NPSD_TEST_DATABASE_URL names one (a superuser's URL). They find the daemon by NPSD_TEST_BINARY: by
# default the npsd of the build they come from, build/npsd for those that are not built.
# NPSD_TEST_SECONDS is the time a program may take (600; 900 for the tests of the pages).
set -u
cd "$(dirname "$0")/.." || exit 1

scratch='' counts='' passed=0 failed=0
at_once=${NPSD_TEST_JOBS:-3}

# Only what this script sets may reach the tests.
for name in "${!NPSD_@}" "${!PG@}"; do
  case $name in NPSD_TEST_*) ;; *) unset "$name" ;; esac
done

finish() {
  [ -z "$scratch" ] || deploy/cluster.sh remove "$scratch" 2>/dev/null
  [ -z "$scratch" ] || rm -rf -- "$scratch"
  scratch=''
  [ -z "$counts" ] || rm -rf -- "$counts"
  counts=''
}

interrupted() {
  local running
  mapfile -t running < <(jobs -pr)
  [ ${#running[@]} -eq 0 ] || kill -TERM "${running[@]}" 2>/dev/null
  wait
  finish
  echo "interrupted" >&2
  exit 130
}

# Durability is off: these answers are nobody's, and the tests of durability bring their own cluster.
start_cluster() {
  scratch=$(mktemp -d "${TMPDIR:-/tmp}/npsd-test.XXXXXX") || exit 1
  # The server's user must be able to pass (root's tests run it as user postgres).
  chmod 711 "$scratch"
  deploy/cluster.sh start "$scratch" fsync=off synchronous_commit=off full_page_writes=off \
    max_connections=200 shared_buffers=128MB >"$scratch/start.log" 2>&1 && return
  cat "$scratch/start.log" >&2
  finish
  exit 1
}

# What every program finds in its environment. A finding of a sanitizer, in a program or in a daemon,
# is exit code 99. Check's own limits of time are for the plain build on an idle machine.
export_environment() {
  [ -z "$scratch" ] || NPSD_TEST_DATABASE_URL=$(deploy/cluster.sh superuser-url "$scratch")
  export NPSD_TEST_DATABASE_URL NPSD_TEST_DATA=$PWD/tests/data NPSD_ALLOW_UNSAFE_DURABILITY=1
  export CK_VERBOSITY=normal CK_TIMEOUT_MULTIPLIER=${CK_TIMEOUT_MULTIPLIER:-4}
  export ASAN_OPTIONS=exitcode=99:detect_leaks=1:detect_stack_use_after_return=1
  export LSAN_OPTIONS=exitcode=99
  export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1:exitcode=99
  export TSAN_OPTIONS=exitcode=99:die_after_fork=0:suppressions=$PWD/tests/support/tsan.supp
}

# Adds up Check's lines, one a suite runner: "100%: Checks: 12, Failures: 0, Errors: 0".
count() { # LOG STATUS -> sets good and bad
  local checks failures errors
  good=0 bad=0
  while read -r checks failures errors; do
    good=$((good + checks - failures - errors))
    bad=$((bad + failures + errors))
  done < <(sed -nE 's/^[0-9]+%: Checks: ([0-9]+), Failures: ([0-9]+), Errors: ([0-9]+)$/\1 \2 \3/p' "$1")
  # A program that died, was stopped, or ran nothing has failed as a whole.
  [ "$bad" -gt 0 ] || { [ "$2" -eq 0 ] && [ "$good" -gt 0 ]; } || bad=1
}

# The sanitizers of gcc 12 crash now and then under the wide randomisation of addresses that newer
# kernels use, so their programs run without it, where that is allowed.
sanitized_launcher() { # PROGRAM -> sets launcher
  launcher=()
  case $1 in build/tests/* | tests/web/*) return ;; esac
  if setarch -R true 2>/dev/null; then launcher=(setarch -R); fi
}

# In a subshell; leaves "GOOD BAD" in a file of $counts.
run_program() { # PROGRAM
  local status started=$EPOCHREALTIME log good bad launcher build=${1%%/tests/*} seconds=600
  case $1 in tests/web/*) build=build seconds=900 ;; esac
  sanitized_launcher "$1"
  log=$(mktemp -p "$counts" log.XXXXXX) || exit 1
  NPSD_TEST_BINARY=${NPSD_TEST_BINARY:-$(readlink -m -- "$build/npsd")} \
    timeout --kill-after=10 "${NPSD_TEST_SECONDS:-$seconds}" "${launcher[@]}" "$1" >"$log" 2>&1 </dev/null &
  child=$!
  trap 'kill -TERM "$child" 2>/dev/null; wait "$child"; exit 130' TERM
  wait "$child"
  status=$?
  count "$log" "$status"
  {
    awk -v name="$1" -v good="$good" -v bad="$bad" -v from="$started" -v to="$EPOCHREALTIME" \
      'BEGIN { printf "%-52s %4d passed, %d failed %6.1f s\n", name, good, bad, to - from }'
    [ "$bad" -eq 0 ] || { echo "--- exit code $status" && cat "$log" && echo "---"; }
  } >"$log.told"
  cat "$log.told" # in one piece, although others tell something too
  echo "$good $bad" >"$log.count"
  rm -f -- "$log" "$log.told"
}

trap interrupted INT TERM HUP
trap finish EXIT
[ -n "${NPSD_TEST_DATABASE_URL:-}" ] || start_cluster
export_environment
counts=$(mktemp -d "${TMPDIR:-/tmp}/npsd-counts.XXXXXX") || exit 1
for program; do
  # Faults measure times: they begin when all before them have ended, and stand last.
  case $program in tests/fault/*) at_once=1 ;; esac
  while [ "$(jobs -pr | wc -l)" -ge "$at_once" ]; do wait -n; done
  run_program "$program" &
done
wait
while read -r good bad; do
  passed=$((passed + good)) failed=$((failed + bad))
done < <(cat "$counts"/*.count /dev/null 2>/dev/null)
# Each has left its count, or the run is worth nothing.
[ "$(find "$counts" -name '*.count' | wc -l)" -eq $# ] || failed=$((failed + 1))
finish
[ $((passed + failed)) -gt 0 ] || echo "no test ran" >&2
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
