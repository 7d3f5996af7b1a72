# Part of scale.sh and peers.sh: surveys with millions of answers, made in SQL (generate.sql).
# shellcheck shell=bash disable=SC2154,SC2034 # what is not set or used here is in service.sh

# While answers are made nothing has to outlive a crash; for what is measured the cluster is started anew.
readonly making=(fsync=off full_page_writes=off wal_level=minimal max_wal_senders=0 autovacuum=off
  max_wal_size=4GB checkpoint_timeout=30min)
# Indexes that are made when the rows are there. Those left out have no entries, or cost next to nothing.
readonly late_indexes="'response_time', 'response_agent', 'response_f1', 'response_f2'"

run_sql() { # SQL...
  local statement
  local commands=()
  for statement; do commands+=(--command="$statement"); done
  run_child psql "$NPSD_DATABASE_URL" --no-psqlrc --quiet --tuples-only --no-align \
    --set=ON_ERROR_STOP=1 --output=/dev/null "${commands[@]}"
}

# Bytes of rows and indexes: of answers, of tallies.
space() {
  query "select pg_total_relation_size('response') || ' ' || (select sum(pg_total_relation_size(t))
    from unnest('{tally_quarter,tally_hour,tally_six_hours,tally_day,tally_month,tally_year}'::regclass[]) t)"
}

# Fails where the answers (in millions) would fill the disk, while indexes are sorted.
need_space() { # MILLIONS
  local free
  free=$(df --output=avail --block-size=1M "$cluster" | tail -n 1)
  [ "$free" -gt $(($1 * 450 + 12000)) ] || fail "$1 million answers need $(($1 * 450 / 1000 + 12)) GB of disk, $((free / 1000)) are free"
}

start_generation() {
  cluster_settings=("${making[@]}")
  start_cluster
  export NPSD_ALLOW_UNSAFE_DURABILITY=1 NPSD_LOG=error
  "$npsd" migrate >/dev/null
  run_sql "\\i tests/bench/generate.sql"
}

# A worker a processor: every part of the answers, or of the months, is one's.
generate_by() { # WHAT SURVEY_ID
  local worker workers status=0
  workers=$(nproc)
  for ((worker = 0; worker < workers; worker++)); do
    psql "$NPSD_DATABASE_URL" --no-psqlrc --quiet --output=/dev/null --set=ON_ERROR_STOP=1 \
      --command='set work_mem = "256MB"' --command='set enable_seqscan = off' --command='set jit = off' \
      --command="select generated.work('$1', $2, $worker, $workers)" &
    loads+=($!)
  done
  for worker in "${loads[@]}"; do wait "$worker" || status=$?; done
  loads=()
  [ $status -eq 0 ] || fail "making $1 failed"
}

drop_indexes() {
  query "select indexdef || ';' from pg_indexes where indexname in ($late_indexes)" >"$scratch/indexes.sql"
  run_sql 'alter table response drop constraint response_pkey' \
    "drop index ${late_indexes//\'/}"
}

make_indexes() {
  run_sql "set maintenance_work_mem = '1500MB'" 'alter table response add primary key (survey_id, id)' \
    "\\i $scratch/indexes.sql"
}

# One survey with answers; later ones come behind it in the same tables.
generate() { # SLUG MILLIONS
  local id from=$SECONDS
  create_survey "$1"
  id=$(query "select id from survey where slug = '$1'")
  run_sql "select generated.begin_survey('$1', $2 * 1000000)"
  say "$1: making answers"
  drop_indexes
  generate_by answers "$id"
  say "$1: making indexes, after $((SECONDS - from)) s"
  make_indexes
  run_sql 'analyze response'
  say "$1: making tallies, after $((SECONDS - from)) s"
  generate_by tallies "$id"
  run_sql "select generated.add_years($id)"
  fact "made_$1" $((SECONDS - from))
}

# The cluster as it is by default, with all that vacuum would have done by and by.
end_generation() {
  say "vacuum"
  run_sql 'vacuum (analyze) response, facet_value, tally_state, tally_quarter, tally_hour, tally_six_hours, tally_day, tally_month,
    tally_year'
  say "starting the cluster anew, with its default settings"
  unset NPSD_ALLOW_UNSAFE_DURABILITY NPSD_LOG
  cluster_settings=()
  deploy/cluster.sh stop "$cluster"
  start_cluster
}
