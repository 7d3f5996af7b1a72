#!/usr/bin/env bash
# The fault matrix: breaks things around the daemon while clients keep a ledger, and holds the ledger
# against the database.
#
#   tests/fault/run.sh [--quick | --nightly | --count=N] [ROW...]   all rows, each as often as its count says
#   tests/fault/run.sh --list
#
# A line a row: what was acknowledged, lost and doubled, how long recovery took, and what was violated.
# FAULT_RESULTS=FILE appends the lines of the table of RESULTS.md to a file; FAULT_PATIENCE=N multiplies
# limits of time (sanitizers, busy machines). A row that the system does not allow is skipped, with the
# reason. The last line is Check's, for tests/run.sh.
#
# Its own durable PostgreSQL cluster, loopback or its own network namespaces only; ends only what it
# has started.
# shellcheck disable=SC2034,SC2317 # parts of this are in lib.sh and rows_*.sh
set -u
cd "$(dirname "$0")/../.." || exit 1
export LC_ALL=C
for name in "${!NPSD_@}" "${!PG@}"; do unset "$name"; done
[ -z "${FAULT_CLUSTER:-}" ] || export NPSD_ALLOW_UNSAFE_DURABILITY=1
PATH=$PATH:/usr/sbin:/sbin
export PGOPTIONS="-c client_min_messages=warning"

exec 9>&2 # for say; see prepare
patience=1 mode=first
checks=0 failures=0 skips=0
# FAULT_CLUSTER and FAULT_SQL are for mutants.sh: settings of PostgreSQL, statements after the schema.
cluster_settings=(shared_buffers=128MB max_connections=100 ${FAULT_CLUSTER:+"$FAULT_CLUSTER"})

# shellcheck source=/dev/null
. tests/fault/lib.sh
for part in process postgres network disk clients system; do
  # shellcheck source=/dev/null
  . "tests/fault/rows_$part.sh"
done

# Name, how often at the quick, first and nightly count (0: not at all), what it does. The function is
# row_NAME; it repeats inside the row, because what must hold must hold over all of it.
readonly table='
F1   1 25 1000 kill -9 of the daemon under load
F2   1  5  100 kill -9 of the daemon at chosen points
F3   1 25  500 kill -9 of all of PostgreSQL
F3b  0  3   50 the same without a spool
F4   0 10  200 kill -9 of one backend
F5   0 10   50 restart fast and immediate, terminated backends
F6   0  3   20 silent network cut of 1, 10 and 60 s
F7   0  3   20 loud network cut
F8   0  1    1 cut at every byte of the conversation
F9   0  2    5 slow network
F10  0  3    5 slow database: locked table, stopped backend
F11  0  3    5 PostgreSQL accepts and never answers
F12  0  3   20 no connection slots
F13  0  3    5 disk full on the heap
F14  0  3    5 disk full on WAL
F15  0  3   20 out of memory: daemon and backend
F16  0  1    1 malloc fails, the n-th call
F17  0  3    5 no file descriptors
F18  0  1    1 no processes at start
F19  0  3    5 clock jumps
F20  0  5    5 the daemon is stopped for 15 s
F21  1 20   50 SIGTERM under load
F22  0  5   50 rolling restart
F23  1 100 1000 32 clients send the same key, two daemons
F24  1  1    5 the same key with another body
F25  1 50  500 poisoned batches
F26  0  3    5 schema drift
F27  0  3   20 read-only
F28  0  1    5 PgBouncer between
F29  0  1    3 slow clients
F30  0  1    5 pipelines, half-closes, resets
P1   0  5  100 power cut
P2   0  1    5 order of events
P3   0  1    5 WAL is flushed before the 201
'

# --- what became of a row ---

skip() { skipped=$*; }

report() { # NAME COUNT SECONDS TEXT
  local verdict=passed one
  [ ${#violations[@]} -eq 0 ] || verdict=FAILED
  [ -z "$skipped" ] || verdict=SKIPPED
  detail=${detail#, }
  printf '%-4s %-7s x%-4s %6s keys %6s acked %s lost %s doubled %5s spooled %2s aside %5s ms %4s s  %s\n' "$1" "$verdict" "$2" \
    "${figure[keys]:--}" "${figure[acked]:--}" "${figure[lost]:--}" "${figure[doubled]:--}" "${figure[spooled]:--}" \
    "${figure[aside]:--}" "${figure[recovery_ms]:--}" "$3" "$4${detail:+ ($detail)}${skipped:+: $skipped}"
  for one in "${violations[@]}"; do printf '     %s\n' "$one"; done
  [ -z "${FAULT_RESULTS:-}" ] ||
    printf '| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n' "$1" "$4" "$2" "$verdict" \
      "${figure[keys]:--}" "${figure[acked]:--}" "${figure[lost]:--}" "${figure[doubled]:--}" "${figure[spooled]:--}" \
      "${figure[aside]:--}" "${figure[503]:--}" "${figure[recovery_ms]:--}" "${figure[calm_s]:--}" "${figure[peak_mib]:--}" \
      "${figure[samples]:--} / ${figure[polls]:--}" "${skipped:-${detail:--}}" >>"$FAULT_RESULTS"
}

# Limits of time are for a machine that has nothing else to do: beside other work they grow.
choose_patience() {
  local load
  read -r load _ </proc/loadavg
  patience=$((1 + ${load%.*} / $(nproc) / 2))
  [ $patience -ge "${FAULT_PATIENCE:-1}" ] || patience=$FAULT_PATIENCE
}

run_row() { # NAME COUNT TEXT
  local name=$1 count=$2 text=$3 began=$SECONDS
  choose_patience
  violations=() figure=() detail='' skipped=''
  declare -F "row_$name" >/dev/null || skip "this row is not written yet"
  [ -n "$skipped" ] || { "row_$name" "$count" || violation "the row could not be run to its end"; }
  [ -z "$row" ] || row_end
  row=''
  clean_up
  report "$name" "$count" $((SECONDS - began)) "$text"
  checks=$((checks + 1))
  [ -z "$skipped" ] || skips=$((skips + 1))
  [ ${#violations[@]} -eq 0 ] || failures=$((failures + 1))
}

finish() {
  trap '' INT TERM HUP
  violations=()
  [ -z "$row" ] || row_end
  clean_up
  [ -z "$scratch" ] || deploy/cluster.sh remove "$scratch/cluster" 2>/dev/null
  if [ "$failures" -gt 0 ] && [ -n "${FAULT_KEEP:-}" ]; then say "kept: $scratch"; else rm -rf -- "$scratch"; fi
}

prepare() {
  scratch=$(mktemp -d "${TMPDIR:-/tmp}/npsd-fault.XXXXXX") || exit 1
  chmod 711 "$scratch"
  trap finish EXIT
  trap 'exit 130' INT TERM HUP
  cluster_make "$scratch/cluster" || exit 1
  # The shell tells of every child that was killed.
  exec 2>>"$scratch/shell.log"
}

# What rows have made besides processes, last first: each a command.
undo=()
clean_up() {
  local i
  for ((i = ${#undo[@]} - 1; i >= 0; i--)); do eval "${undo[i]}"; done >/dev/null 2>&1
  undo=()
}

is_wanted() { # NAME
  [ ${#wanted[@]} -eq 0 ] || [[ " ${wanted[*]} " == *" $1 "* ]]
}

wanted=() times=''
read_options() {
  local argument
  for argument; do
    case $argument in
      --list) echo "$table" && exit ;;
      --quick | --nightly) mode=${argument#--} ;;
      --count=*) times=${argument#*=} ;;
      *) wanted+=("$argument") ;;
    esac
  done
}

run_all() {
  local name quick first nightly text
  while read -r name quick first nightly text; do
    [ -n "$name" ] || continue
    is_wanted "$name" || continue
    local -n count=$mode
    [ "$count" -gt 0 ] || [ ${#wanted[@]} -eq 0 ] || count=1
    [ "$count" -eq 0 ] || run_row "$name" "${times:-$count}" "$text" </dev/null
  done <<<"$table"
}

conclude() {
  [ "$checks" -gt 0 ] || { say "no row was run to its end" && exit 1; }
  [ $skips -eq 0 ] || echo "$skips rows were SKIPPED: see above why"
  echo "$(((checks - failures) * 100 / checks))%: Checks: $checks, Failures: $failures, Errors: 0"
  [ "$failures" -eq 0 ]
}

read_options "$@"
prepare
run_all
conclude
exit
