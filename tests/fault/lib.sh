# Part of run.sh: the cluster, the daemons, the clients and the checker of a row. Everything that is
# started here is ended here, by its number.
# shellcheck shell=bash disable=SC2034,SC2154

readonly npsd=build/npsd faulty=build/fault/npsd tools=build/tests/fault
scratch='' cluster='' database='' ledger='' client='' sampler='' row=''
superuser='' owner='' key=''
# Of the row that runs: the daemons by name, what they are started with, what the checker is told.
declare -A pid=() port=() admin=() folder=() held=()
settings=() binary='' wrapper=() url='' inside=()
may_die=false from=0 slack=0 limit_ms=1000 ready_ms=2000 calm_at=0 notes=''

say() { printf 'fault: %s\n' "$*" >&9; }

now() { echo "${EPOCHREALTIME/./}"; } # microseconds

# Runs a command again until it succeeds; fails after so many seconds.
await() { # SECONDS COMMAND...
  local until=$((${EPOCHREALTIME/./} + $1 * 1000000 * patience))
  shift
  until "$@"; do
    [ "${EPOCHREALTIME/./}" -lt "$until" ] || return 1
    sleep 0.02
  done
}

# URLs of a database.
as_superuser() { echo "${superuser/\/postgres\?/\/$1?}"; }
as_owner() { echo "${owner/\/npsd\?/\/$1?}"; }

sql() { psql "$superuser" --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --command="$1"; }
sql_in() { # DATABASE SQL
   psql "$(as_superuser "$1")" --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --command="$2"
}
try_sql() { PGCONNECT_TIMEOUT=2 sql "$1" 2>/dev/null; }

# --- the cluster ---

# Durable, as PostgreSQL is by default.
cluster_start() { deploy/cluster.sh start "$cluster" "${cluster_settings[@]}" >>"$scratch/cluster.log" 2>&1; }

# One that a row breaks more than it can stay for the others is its own.
cluster_make() { # FOLDER
  cluster=$1
  mkdir -p "$cluster" && chmod 711 "$cluster"
  cluster_start || { tail -n 20 "$scratch/cluster.log" >&9 && return 1; }
  superuser=$(deploy/cluster.sh superuser-url "$cluster")
  owner=$(deploy/cluster.sh url "$cluster")
  cluster_fill
}

# The template of the rows' databases: the schema, a survey, a key.
cluster_fill() {
  local fresh
  fresh=$(NPSD_DATABASE_URL=$owner NPSD_VAR=$scratch "$npsd" migrate 2>&1) || { say "migrate: $fresh" && return 1; }
  cat >"$scratch/survey.json" <<'JSON'
{"id": "fault", "title": {"en": "Faults"}, "facets": ["branch"]}
JSON
  NPSD_DATABASE_URL=$owner NPSD_VAR=$scratch "$npsd" survey create "$scratch/survey.json" >/dev/null || return 1
  key=$(NPSD_DATABASE_URL=$owner NPSD_VAR=$scratch "$npsd" key create --role analyst --name fault) || return 1
  [ -z "${FAULT_SQL:-}" ] || sql_in npsd "$FAULT_SQL" || return 1
  sql 'alter database npsd rename to npsd_template' || return 1
}

postmaster() { head -n 1 "$cluster/postgres/data/postmaster.pid"; }

# The postmaster and all its children at once, so that none of them writes a farewell.
postgres_kill() {
  local head
  head=$(postmaster)
  # shellcheck disable=SC2046 # numbers
  kill -KILL "$head" $(cat "/proc/$head/task/$head/children") 2>/dev/null
  while [ -d "/proc/$head" ]; do sleep 0.01; done
}

# What a row does to PostgreSQL, as the ledger has it: the checker holds /readyz against the times between
# "lost" and "accepts" and what comes next. Other times nobody can say how it is.
disturb() { event disturbed && "$@"; }
take_away() { disturb "$@" && event lost; }
give_back() { disturb "$@" && event accepts; }

postgres_away() { take_away postgres_kill; }
postgres_back() { give_back cluster_start; }

# --- a row's database, daemon and client ---

row_begin() { # NAME [SETTING...]
  row=$1
  shift
  settings=("$@") binary=$npsd wrapper=() url='' inside=() may_die=false from=0 slack=0 limit_ms=1000 ready_ms=2000 calm_at=0 notes=''
  pid=() port=() admin=() folder=() client='' sampler=''
  database=row_${row,,}
  database=${database//[^a-z0-9_]/_}
  rowdir=$scratch/$database
  ledger=$rowdir/ledger
  rm -rf -- "$rowdir"
  mkdir -p "$rowdir"
  : >"$ledger"
  : >"$rowdir/samples"
  sql "drop database if exists $database" && sql "create database $database template npsd_template owner npsd_owner"
}

event() { printf 'e\t%s\t%s\n' "$(now)" "$1" >>"$ledger"; [ "$1" != accepts ] || calm_at=$(($(now) + 10500000)); }

# A port that nobody has, out of the range from which the system gives ports to clients: one of them
# could connect to itself there.
free_port() {
  local try
  while :; do
    try=$((10000 + RANDOM % 20000))
    (exec 3<>"/dev/tcp/127.0.0.1/$try") 2>/dev/null || break
  done
  echo "$try"
}

# Starts it and waits until it listens. Its state stays over restarts.
daemon_start() { # NAME [SETTING...]
  local name=$1
  shift
  folder[$name]=$rowdir/$name
  mkdir -p "${folder[$name]}"
  [ -n "${port[$name]:-}" ] || { port[$name]=$(free_port) admin[$name]=$(free_port); }
  env --unset=PGOPTIONS NPSD_LISTEN="127.0.0.1:${port[$name]}" NPSD_ADMIN_LISTEN="127.0.0.1:${admin[$name]}" NPSD_RATE_PUBLIC=0 \
    NPSD_VAR="${folder[$name]}" NPSD_DATABASE_URL="${url:-$(as_owner "$database")}" "${settings[@]}" "$@" \
    setpriv --pdeathsig KILL "${inside[@]}" "${wrapper[@]}" "$binary" serve >>"${folder[$name]}/log" 2>&1 </dev/null &
  pid[$name]=$!
}

daemon_ready() { [ "$(look "$1" readyz)" = 200 ]; }

# The status of a path of the admin address; 000: nobody answers.
look() { # NAME PATH
  "${inside[@]}" curl --noproxy '*' --silent --max-time 2 --output "$rowdir/looked" --write-out '%{http_code}' \
    "http://127.0.0.1:${admin[$1]}/$2"
}

is_ready_or_dead() { daemon_ready "$1" || has_ended "${pid[$1]}"; }

daemon_up() { # NAME [SETTING...]
  daemon_start "$@"
  { await 20 is_ready_or_dead "$1" && daemon_ready "$1"; } || { tail -n 5 "${folder[$1]}/log" >&9 && return 1; }
  held[$1]="${pid[$1]} $(holds "$1")"
}

daemon_kill() { # NAME
  kill -KILL "${pid[$1]}"
  wait "${pid[$1]}" 2>/dev/null
  pid[$1]=''
}

# SIGTERM; what it ended with.
daemon_stop() { # NAME
  local status=0
  [ -n "${pid[$1]:-}" ] || return 0
  kill -TERM "${pid[$1]}" 2>/dev/null
  await 30 has_ended "${pid[$1]}" || kill -KILL "${pid[$1]}"
  wait "${pid[$1]}" 2>/dev/null || status=$?
  pid[$1]=''
  return $status
}

has_ended() { ! kill -0 "$1" 2>/dev/null || [ "$(awk '{ print $3 }' "/proc/$1/stat" 2>/dev/null)" = Z ]; }

# So many seconds of the load, against all daemons of the row.
client_start() { # SECONDS [OPTION...]
  local seconds=$1 name options=()
  shift
  for name in "${!port[@]}"; do options+=(--address "127.0.0.1:${port[$name]}"); done
  [ ${#port[@]} -gt 1 ] || for name in "${!admin[@]}"; do options+=(--admin "127.0.0.1:${admin[$name]}"); done
  setpriv --pdeathsig KILL "${inside[@]}" "$tools/load" "${options[@]}" --ledger "$ledger" --key "$key" --run "$RANDOM$RANDOM" \
    --seconds "$seconds" --patience $((30 * patience)) "$@" >>"$rowdir/load.out" 2>&1 </dev/null &
  client=$!
  sample_start
}

is_calm_due() { [ "$(now)" -ge "$calm_at" ]; }

client_wait() {
  wait "$client" || notes+=" some keys were not settled;"
  client=''
  sample_stop
}

# Tells the client to send nothing new any more; not before I9 can be judged of the last return.
client_end() {
  await 12 is_calm_due
  kill -TERM "$client" 2>/dev/null
  client_wait
}

# --- I5, all the time: ten times a second, in one snapshot ---

readonly sample_query="
select now(), (select count(*) from (
  select score, count(*) as n from response where not excluded group by 1) r
full join (
  select score - 1 as score, sum(n)::bigint as n from v_tally
  cross join lateral unnest(array[n0, n1, n2, n3, n4, n5, n6, n7, n8, n9, n10]) with ordinality u (n, score)
  where facet = 0 group by 1 having sum(n) <> 0) t using (score) where r.n is distinct from t.n)"

sample_loop() {
  trap 'kill $! 2>/dev/null; exit 0' TERM
  while :; do
    PGCONNECT_TIMEOUT=2 PGOPTIONS='-c statement_timeout=20s -c max_parallel_workers_per_gather=0' \
      setpriv --pdeathsig KILL psql "$(as_superuser "$database")" --no-psqlrc --quiet --tuples-only --no-align \
      --set=ON_ERROR_STOP=1 --field-separator=' ' <<<"$sample_query"$'\n\\watch 0.1' >>"$rowdir/samples" 2>/dev/null &
    wait $!
    sleep 0.1
  done
}

sample_start() {
  sample_loop &
  sampler=$!
}

sample_stop() {
  [ -n "$sampler" ] || return 0
  await 5 test -s "$rowdir/samples" # a short row has one, too
  kill -TERM "$sampler" 2>/dev/null && wait "$sampler" 2>/dev/null
  sampler=''
}

# --- what a process holds ---

holds() { # NAME -> "fds threads kib"
  local of=/proc/${pid[$1]}
  echo "$(find "$of/fd" -mindepth 1 2>/dev/null | wc -l) $(find "$of/task" -mindepth 1 -maxdepth 1 2>/dev/null | wc -l)" \
    "$(awk '/^VmRSS:/ { print $2 }' "$of/status")"
}

# I10: once idle, as many descriptors and threads as when it had come up. I12: at no time more memory than this.
readonly memory_max_mib=128

expect_no_more() { # NAME
  local peak of_pid fds0 threads0 kib0
  read -r of_pid fds0 threads0 kib0 <<<"${held[$1]:-}"
  [ -n "${pid[$1]}" ] && [ "${pid[$1]}" = "${of_pid:-}" ] || return 0
  await 15 holds_no_more "$1" "$fds0" "$threads0" || violation "I10 $1 holds $(holds "$1") (descriptors, threads, KiB), before ${held[$1]#* }"
  peak=$(awk '/^VmHWM:/ { print int(($2 + 1023) / 1024) }' "/proc/${pid[$1]}/status")
  [ "${figure[peak_mib]:-0}" -ge "$peak" ] || figure[peak_mib]=$peak
  [ "$peak" -le $memory_max_mib ] || violation "I12 $1 had $peak MiB"
}
holds_no_more() { # NAME DESCRIPTORS THREADS
  local fds threads
  read -r fds threads _ <<<"$(holds "$1")"
  [ "$fds" -le "$2" ] && [ "$threads" -le "$3" ]
}

# The same, and memory, for a row that repeats something often: it may have grown by a tenth and a little.
expect_no_leak() { # NAME BEFORE KIB
  local before now_held
  read -r _ _ before <<<"$2"
  read -r _ _ now_held <<<"$(holds "$1")"
  [ "$now_held" -le $((before * 11 / 10 + $3)) ] || violation "I10 $1 holds $now_held KiB, before $before"
}

# --- the checker ---

violations=()
violation() { violations+=("$*"); }

# A part of the ledger into its table.
fill_table() { # LETTER TABLE
  grep "^$1"$'\t' "$ledger" | cut -f 2- | sed 's/\t\t/\t\\N\t/g' >"$rowdir/part"
  psql "$(as_superuser "$database")" --no-psqlrc --quiet --set=ON_ERROR_STOP=1 \
    --command="\\copy ledger.$2 from '$rowdir/part'"
}

fill_ledger() {
  local name
  sql_in "$database" "
    create schema ledger;
    create table ledger.attempt (n bigint, t bigint, key text, variant int, score int, channel text, branch text,
      sha text, kind text);
    create table ledger.outcome (n bigint, t bigint, sent bigint, status int, id uuid, replayed bool, spooled bool,
      retry_after bool, why text);
    create table ledger.poll (conn int, began bigint, ended bigint, status int, n bigint, stale bool);
    create table ledger.look (began bigint, ended bigint, path text, status int, word text);
    create table ledger.event (t bigint, name text);
    create table ledger.conflict (doc jsonb)"
  fill_table a attempt && fill_table o outcome && fill_table p poll && fill_table h look && fill_table e event || return 1
  for name in "${!folder[@]}"; do
    NPSD_VAR=${folder[$name]} NPSD_DATABASE_URL=$owner "$npsd" spool conflicts 2>/dev/null
  done >"$rowdir/conflicts"
  psql "$(as_superuser "$database")" --no-psqlrc --quiet --set=ON_ERROR_STOP=1 \
    --command="\\copy ledger.conflict from '$rowdir/conflicts' (format csv, quote e'\\x01', delimiter e'\\x02')"
}

# Until nothing waits in the spools of the daemons that run.
is_moved() { # NAME
  daemon_ready "$1" && ! grep -q '"waiting":[1-9]\|"waiting": [1-9]\|degraded' "$rowdir/looked"
}

# After the load: everything moved in, every invariant held against the ledger. Sets figure.
declare -A figure=()
row_check() {
  local name value findings
  for name in "${!pid[@]}"; do
    [ -z "${pid[$name]}" ] || await 30 is_moved "$name" || violation "I7 the spool of $name was not emptied"
  done
  figure=()
  for name in "${!pid[@]}"; do expect_no_more "$name"; done
  fill_ledger || violation "the ledger cannot be read"
  findings=$(psql "$(as_superuser "$database")" --no-psqlrc --set=ON_ERROR_STOP=1 --set=from="$from" \
    --set=slack="$slack" --set=may_die="$may_die" --set=ready_us=$((ready_ms * 1000 * patience)) \
    --set=floor_us=$((10000 * patience)) --file=tests/fault/check.sql 2>&1)
  while IFS=$'\t' read -r name value; do
    figure[$name]=$value
    [[ $name != I[0-9]* ]] || [ "$value" = 0 ] || violation "$name: $value"
  done <<<"$findings"
  [ -n "${figure[recovery_ms]:-}" ] || violation "the checker failed: $findings"
  figure[samples]=$(grep -c ' [0-9][0-9]*$' "$rowdir/samples")
  figure[wrong]=$(grep -c ' [1-9][0-9]*$' "$rowdir/samples")
  [ "${figure[samples]}" -gt 0 ] || violation "I5 nothing was sampled"
  [ "${figure[polls]:-0}" -gt 0 ] || violation "I6 nothing was polled"
  [ "${figure[wrong]}" = 0 ] || violation "I5 samples with wrong tallies: ${figure[wrong]} of ${figure[samples]}"
  [ "${figure[recovery_ms]:-0}" -le $((limit_ms * patience)) ] || violation "I9 recovery took ${figure[recovery_ms]} ms"
  [ -z "$notes" ] || violation "$notes"
  NPSD_DATABASE_URL=$(as_owner "$database") NPSD_VAR=$scratch "$npsd" check >"$rowdir/check.out" 2>&1 ||
    violation "I5 npsd check: $(tail -n 3 "$rowdir/check.out")"
}

row_end() {
  local name
  sample_stop
  [ -z "$client" ] || { kill -KILL "$client" && wait "$client"; } 2>/dev/null
  for name in "${!pid[@]}"; do
    if [ -n "${pid[$name]}" ]; then
      daemon_stop "$name" || violation "the daemon $name ended with $?: $(tail -n 2 "${folder[$name]}/log")"
    fi
    ! grep -q 'Sanitizer\|runtime error:' "${folder[$name]}/log" || violation "a sanitizer's finding in the log of $name"
  done
  [ ${#violations[@]} -gt 0 ] || { sql "drop database if exists $database with (force)"; rm -rf -- "$rowdir"; }
}
