#!/usr/bin/env bash
# The negative controls: the fault tests must be able to fail.
#
#   tests/fault/mutants.sh [MUTANT...]      all: make test-mutants
#
# Each mutant is npsd with one promise broken, by a patch of a copy of the sources (mutants/*.patch) or
# by settings. The named rows are run against it, and each must find an invariant violated of which the
# mutant is guilty. Writes tests/fault/MUTANTS.md when all were run. The exit code is not 0 when a mutant
# got through.
set -u
cd "$(dirname "$0")/../.." || exit 1
export LC_ALL=C

# Name, rows to run (ROW:count), what must be found there, what is broken. A name with a patch is
# patched; the others are settings (see apply).
readonly table='
async          F3:3,P3:1    I1|flushed      (a) commits do not wait for the disk
no-fsync       P1:2,P2:1    misses|broken|flushed   (b) PostgreSQL with fsync=off
ack-early      F1:5,F2:2    I1              (c) the reply goes out before the commit
no-unique      F23:20       I3              (d) no unique key on the answers
counted-apart  F24:5,F1:3   I5              (e) what counts an answer is another transaction
new-ids        F8:1,F5:3    I3              (f) a batch of unknown outcome is sent again under new ids
no-fallback    F25:20       I8              (g) one poisoned answer refuses its whole batch
'

scratch=$(mktemp -d "${TMPDIR:-/tmp}/npsd-mutants.XXXXXX") || exit 1
trap 'rm -rf -- "$scratch"' EXIT
trap 'exit 130' INT TERM HUP
chmod 711 "$scratch"
survivors=0 skipped=0

# A copy of the tree with what is built, so that only what a patch changes is built again.
copy_tree() {
  mkdir "$scratch/tree"
  cp -a Makefile deploy include sql src tests "$scratch/tree/"
  mkdir -p "$scratch/tree/build"
  cp -a build/obj build/gen build/libnpsd.a build/objects.list build/npsd build/tests build/fault "$scratch/tree/build/"
}

apply() { # NAME
  unset FAULT_CLUSTER FAULT_SQL
  case $1 in
    no-fsync) export FAULT_CLUSTER=fsync=off ;;
    no-unique) export FAULT_SQL='alter table response drop constraint response_pkey cascade;
      create index response_plain on response (survey_id, id)' ;;
    *) patch --directory="$scratch/tree" --strip=1 --silent <"tests/fault/mutants/$1.patch" ;;
  esac
}

build() { make -C "$scratch/tree" fault-programs >"$scratch/build.log" 2>&1; }

restore() { # NAME
  [ ! -e "tests/fault/mutants/$1.patch" ] ||
    patch --directory="$scratch/tree" --strip=1 --silent --reverse <"tests/fault/mutants/$1.patch"
}

try_row() { # NAME ROW COUNT PATTERN WHAT
  local log=$scratch/$1-$2.log found verdict=caught
  "$scratch/tree/tests/fault/run.sh" --count="$3" "$2" >"$log" 2>&1
  found=$(sed -n 's/^     //p' "$log" | grep -E "$4" | head -n 2 | paste -s -d ';')
  if grep -q "^$2 *SKIPPED" "$log"; then
    verdict='**SKIPPED**'
    skipped=$((skipped + 1))
  elif ! grep -q "^$2 " "$log"; then
    verdict='**not run**'
    survivors=$((survivors + 1))
    cat "$log"
  elif [ -z "$found" ]; then
    verdict='**GOT THROUGH**'
    survivors=$((survivors + 1))
    cat "$log"
  fi
  printf '%-14s %-4s %-8s %s\n' "$1" "$2" "$verdict" "$found"
  printf '| %s | %s | %s | %s | %s |\n' "$1" "$5" "$2" "$verdict" "$found" >>"$scratch/table"
}

try() { # NAME ROWS PATTERN WHAT
  local one
  if ! apply "$1" || ! build; then
    tail -n 20 "$scratch/build.log"
    survivors=$((survivors + 1))
    return
  fi
  for one in ${2//,/ }; do try_row "$1" "${one%:*}" "${one#*:}" "$3" "$4"; done
  restore "$1"
}

write_table() {
  cat <<'HEAD'
# Negative controls

Written by `tests/fault/mutants.sh`: each mutant breaks one promise of npsd, and the rows of the fault
matrix that are named must find it. A mutant that gets through fails the script.

| mutant | what is broken | row | verdict | what the row found |
|---|---|---|---|---|
HEAD
  cat "$scratch/table"
}

make fault-programs >"$scratch/build.log" 2>&1 || { tail -n 20 "$scratch/build.log" && exit 1; }
copy_tree
while read -r name rows pattern what; do
  [ -n "$name" ] || continue
  [ $# -eq 0 ] || [[ " $* " == *" $name "* ]] || continue
  try "$name" "$rows" "$pattern" "$what" </dev/null
done <<<"$table"
[ $# -gt 0 ] || write_table >tests/fault/MUTANTS.md
[ $skipped -eq 0 ] || echo "$skipped rows were SKIPPED: the system does not allow them"
echo "$survivors got through"
[ "$survivors" -eq 0 ]
