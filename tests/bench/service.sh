# Part of run.sh, scale.sh, peers.sh, mixed.sh and away.sh: the private cluster, the daemons, and how they are
# asked. Everything that is started here ends with the script, however that ends.
# shellcheck shell=bash

readonly npsd=build/npsd
scratch='' postmaster='' child='' snapshot_session=''
watched=''
loads=()
# NAME=VALUE; none: PostgreSQL's defaults, so durable.
cluster_settings=()
# Where the cluster is, and what becomes of it: remove, or stop.
cluster='' at_end=remove
declare -A daemon=() address=() admin=()

say() { printf 'bench: %s\n' "$*" >&2; }
fail() {
  say "$@"
  exit 1
}

# Runs a command that a signal can end: while bash waits for a background job, its traps work.
run_child() {
  "$@" &
  child=$!
  local status=0
  wait "$child" || status=$?
  child=''
  return $status
}

# What runs beside the script.
end_loads() {
  local pid
  for pid in "${loads[@]}" $snapshot_session; do kill -TERM "$pid" 2>/dev/null || true; done
}

finish() {
  local name
  trap '' INT TERM HUP
  [ -z "$child" ] || kill -TERM "$child" 2>/dev/null || true
  end_loads
  for name in "${!daemon[@]}"; do stop_daemon "$name"; done
  if [ -n "$postmaster" ]; then deploy/cluster.sh "$at_end" "$cluster" || true; fi
  [ -z "$scratch" ] || rm -rf -- "$scratch"
}

# Only what the script sets may reach the daemon and PostgreSQL's programs.
prepare() {
  local name
  for name in "${!NPSD_@}" "${!PG@}"; do unset "$name"; done
  trap finish EXIT
  trap 'say "failed: $BASH_COMMAND"' ERR
  trap 'exit 130' INT TERM HUP
  scratch=$(mktemp -d "${TMPDIR:-/tmp}/npsd-bench.XXXXXX")
  # PostgreSQL's user must be able to pass (root's clusters run as user postgres).
  chmod 711 "$scratch"
  cluster=$scratch
  measures=$scratch/measures facts=$scratch/facts
  : >"$measures"
  : >"$facts"
}

start_cluster() {
  postmaster=starting
  deploy/cluster.sh start "$cluster" "${cluster_settings[@]}" || fail "the cluster did not start"
  postmaster=$(head -n 1 "$cluster/postgres/data/postmaster.pid")
  NPSD_DATABASE_URL=$(deploy/cluster.sh url "$cluster")
  export NPSD_DATABASE_URL
}

query() { psql "$NPSD_DATABASE_URL" --no-psqlrc --quiet --tuples-only --no-align --command="$1"; }

# The value of a field in the daemon's line event=listening.
listening() { # NAME FIELD
  sed -n "/event=listening/s/.* $2=\([^ ]*\).*/\1/p" "$scratch/$1.log" 2>/dev/null
}

# A Ctrl-C is for this script alone, which then ends the daemon; and the daemon does not outlive it.
start_daemon() { # NAME
  local i
  mkdir -p "$scratch/$1"
  : >"$scratch/$1.log" # read before the daemon has opened it
  NPSD_LISTEN=127.0.0.1:0 NPSD_ADMIN_LISTEN=127.0.0.1:0 NPSD_VAR=$scratch/$1 \
    setsid setpriv --pdeathsig TERM "$npsd" serve --migrate </dev/null 2>"$scratch/$1.log" &
  daemon[$1]=$!
  for ((i = 0; i < 300; i++)); do
    address[$1]=$(listening "$1" address)
    admin[$1]=$(listening "$1" admin)
    if [ -n "${address[$1]}" ] && [ -n "${admin[$1]}" ] && curl -fsS "${admin[$1]}/readyz" >/dev/null 2>&1; then return; fi
    kill -0 "${daemon[$1]}" 2>/dev/null || break
    sleep 0.1
  done
  cat "$scratch/$1.log" >&2
  fail "the daemon did not start"
}

# Another server, which prints its address when it listens, and ends with this script.
start_server() { # NAME COMMAND...
  local i
  : >"$scratch/$1.out"
  setsid setpriv --pdeathsig TERM "${@:2}" </dev/null >"$scratch/$1.out" 2>"$scratch/$1.log" &
  daemon[$1]=$!
  for ((i = 0; i < 300; i++)); do
    address[$1]=$(sed -n 's,^http://,,p' "$scratch/$1.out")
    [ -z "${address[$1]}" ] || return 0
    kill -0 "${daemon[$1]}" 2>/dev/null || break
    sleep 0.1
  done
  cat "$scratch/$1.log" >&2
  fail "$1 did not start"
}

# A daemon that does not end when asked is ended, so that nothing is left behind.
stop_daemon() { # NAME
  local pid=${daemon[$1]} i
  unset "daemon[$1]"
  kill -TERM "$pid" 2>/dev/null || true
  for ((i = 0; i < 300; i++)); do
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  kill -KILL "$pid" 2>/dev/null || true
  wait "$pid" 2>/dev/null || true
}

# The demo's survey under another name.
create_survey() { # SLUG
  sed "s/\"id\": \"demo\"/\"id\": \"$1\"/" deploy/demo.json >"$scratch/survey.json"
  "$npsd" survey create "$scratch/survey.json" >/dev/null
}

create_key() { (umask 077 && "$npsd" key create --role admin --name bench >"$scratch/key"); }

# --- facts for the report, one a line ---

fact() { printf '%s\t%s\n' "$1" "$2" >>"$facts"; } # NAME VALUE

describe_machine() { # PLAN
  local name settings=''
  for name in fsync synchronous_commit full_page_writes shared_buffers; do settings+="$name=$(query "show $name") "; done
  fact date "$(date -u +'%Y-%m-%d %H:%M UTC')"
  fact cores "$(nproc)"
  fact cpu "$(sed -n 's/^model name[^:]*: //p;/^model name/q' /proc/cpuinfo)"
  fact memory "$(awk '/^MemTotal:/ { printf "%.0f GB", $2 / 1048576 }' /proc/meminfo)"
  fact postgres "$(query 'show server_version')"
  fact npsd "$("$npsd" --version)"
  fact settings "$settings"
  fact load "$(cut -d' ' -f1 /proc/loadavg)"
  fact plan "$1"
}

# --- questions ---

count_by_results() {
  curl -fsS --max-time 60 -H "Authorization: Bearer $(cat "$scratch/key")" \
    "${address[first]}/v1/surveys/demo/nps?period=all" | sed -n 's/.*"responses": *\([0-9]*\).*/\1/p'
}

# Sessions hand their statistics over within a second of their last transaction.
deadlocks() {
  sleep 1.5
  query "select deadlocks from pg_stat_database where datname = current_database()"
}

# Waits until the journal is folded, so that no load pays for the one before; prints how long it took.
settle() {
  local i from=$EPOCHREALTIME
  for ((i = 0; i < 600; i++)); do
    [ "$(query 'select exists (select from journal)')" = t ] || break
    sleep 0.05
  done
  awk -v from="$from" -v to="$EPOCHREALTIME" 'BEGIN { printf "%.2f\n", to - from }'
}

# Microseconds of processor time so far: daemons, PostgreSQL (its processes that live, and those that
# ended, which its first process has reaped), children of this script that ended, the whole machine.
processor_time() {
  { cat /proc/[0-9]*/stat /proc/stat 2>/dev/null || true; } | awk -v daemons=" ${daemon[*]} " \
    -v postmaster="$postmaster" -v script=$$ -v tick="$((1000000 / $(getconf CLK_TCK)))" '
    /^cpu / { machine = $2 + $3 + $4 + $7 + $8 + $9 }
    !/^[0-9]+ \(/ { next }
    {
      pid = $1
      sub(/^.*\) /, "") # a name may hold spaces; after it: state, parent, ...
      if (index(daemons, " " pid " ")) npsd += $12 + $13
      if (pid == postmaster || $2 == postmaster) postgres += $12 + $13
      if (pid == postmaster) postgres += $14 + $15
      if (pid == script) load += $14 + $15
    }
    END { printf "%.0f %.0f %.0f %.0f\n", npsd * tick, postgres * tick, load * tick, machine * tick }'
}

# Between the two, what share of the processors went to anything but daemons, PostgreSQL and loads.
watch_others() { watched="$(processor_time) ${EPOCHREALTIME/./}"; }

tell_others() {
  local -a a b
  read -ra a <<<"$watched"
  read -ra b <<<"$(processor_time) ${EPOCHREALTIME/./}"
  fact other $((100 * (b[3] - a[3] - (b[0] + b[1] + b[2] - a[0] - a[1] - a[2])) / ($(nproc) * (b[4] - a[4]))))
}
