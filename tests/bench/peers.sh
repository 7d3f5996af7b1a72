#!/usr/bin/env bash
# Measures npsd beside others that do a part of its work, in one run on one database, and judges the
# ratios; RESULTS.md says what is measured and why. Everything runs on this machine in a private
# PostgreSQL cluster, which is removed at the end.
#
#   tests/bench/peers.sh      about ten minutes and 15 GB of disk under TMPDIR; the table also goes to
#                             build/bench/peers.txt, what it is made from to peers.facts, .measures, .asked
#
#   BENCH_MILLIONS            of answers that are counted (10)
#   BENCH_ROUNDS              rounds in which all loads take turns (5)
#   BENCH_SECONDS             seconds of each load in a round (4)
#   BENCH_SAMPLES             times that each number is asked for (31; of the slow peer a quarter of that)
#
# Exit code 0 when every goal is met and nothing was wrong.
set -Eeuo pipefail
cd "$(dirname "$0")/../.."
export LC_ALL=C

readonly millions=${BENCH_MILLIONS:-10} rounds=${BENCH_ROUNDS:-5} seconds=${BENCH_SECONDS:-4}
readonly samples=${BENCH_SAMPLES:-31}
# What wallboards ask; the body's size is the same from answer to answer, to a few bytes.
readonly polled="/v1/surveys/counted/nps?period=all"
phase='' etag=''

# shellcheck source=tests/bench/service.sh
. tests/bench/service.sh
# shellcheck source=tests/bench/generate.sh
. tests/bench/generate.sh
# shellcheck source=tests/bench/ask.sh
. tests/bench/ask.sh
# shellcheck source=tests/bench/loads.sh
. tests/bench/loads.sh

# The packages by the lock file, once: they stay in build/bench/fastify.
install_fastify() {
  local home=build/bench/fastify
  mkdir -p "$home"
  cp tests/bench/peers/fastify/{package.json,server.js} "$home"
  cmp -s tests/bench/peers/fastify/package-lock.json "$home/package-lock.json" && return
  say "npm: installing fastify and pg"
  rm -f "$home/package-lock.json"
  cp tests/bench/peers/fastify/package-lock.json "$home/package-lock.new.json"
  mv "$home/package-lock.new.json" "$home/package-lock.json"
  if ! (cd "$home" && run_child timeout 300 npm ci --omit=dev --no-audit --no-fund --ignore-scripts --loglevel=error >&2); then
    rm -f "$home/package-lock.json"
    fail "npm could not install them"
  fi
}

make_answers() {
  start_generation
  need_space "$millions"
  generate counted "$millions"
  say "the peers' tables"
  run_sql '\i tests/bench/peer.sql' '\i tests/bench/peers/fastify/table.sql'
  end_generation
}

start_peers() {
  local size
  start_server fastify env NODE_ENV=production PGHOST="${NPSD_DATABASE_URL##*host=}" PGUSER=npsd_owner \
    PGDATABASE=npsd PGPORT=5432 node build/bench/fastify/server.js
  size=$(fetch --output /dev/null --write-out '%{size_download}')
  start_server hello build/tests/bench/peers/hello "$size"
  fact body "$size"
}

# What is polled, as it is now.
fetch() { # CURL_ARGUMENT...
  curl -fsS --max-time 60 -H "Authorization: Bearer $(cat "$scratch/key")" "$@" "http://${address[first]}$polled"
}

# Replies of the daemon with a status.
replies() { # CODE
  curl -fsS --max-time 10 "${admin[first]}/metrics" |
    awk -v code="code=\"$1\"}" 'index($1, code) && index($1, "{method=\"GET\",route=\"/v1/surveys/{survey}/nps\"") { n += $2 } END { print n + 0 }'
}

# Every load once a round, as in run.sh. Those that are compared stand beside each other, as a processor's speed
# changes within a minute; a round begins with another three.
compare_loads() {
  local loads_in_turn=(single64 fastify64 pgbench8 fresh64 hello64 same64
    single512 pgbench16 fastify256 single256 pgbench32 fastify512)
  local round i
  local unchanged
  unchanged=$(replies 304)
  for ((round = 1; round <= rounds; round++)); do
    phase="round $round of $rounds"
    for ((i = 0; i < ${#loads_in_turn[@]}; i++)); do
      etag=$(fetch --dump-header - --output /dev/null | tr -d '\r' | sed -n 's/^etag: //Ip')
      measure "${loads_in_turn[(i + 3 * round) % ${#loads_in_turn[@]}]}" "$seconds"
    done
  done
  fact unchanged $(($(replies 304) - unchanged))
}

compare_numbers() {
  local name
  find_quarter
  for name in nps-days nps-quarter nps-all; do
    ask first "$name" counted 30 "$samples"
    asked=$scratch/asked_slow ask fastify "$name" counted 2 $((samples / 4 + 1))
    say "asked: $name"
  done
  sed 's/^/fastify-/' "$scratch/asked_slow" >>"$asked"
}

# The same answers are counted by both.
prove() {
  fact counted "$(fetch | sed -n 's/.*"responses": *\([0-9]*\).*/\1/p')"
  fact counted_by_fastify "$(query "select count(*) from fastify.answer where survey = 'counted'")"
}

prepare
asked=$scratch/asked
install_fastify
make_answers
start_daemon first
create_survey demo
create_key
start_peers
describe_machine "$rounds rounds of $seconds s a load; $millions million answers; fastify: $(node --version), $(nproc) processors"
compare_numbers
compare_loads
prove
mkdir -p build/bench
for name in facts measures asked; do cp -- "$scratch/$name" "build/bench/peers.$name"; done
awk -f tests/bench/common.awk -f tests/bench/peers.awk "$facts" "$measures" "$asked" | tee build/bench/peers.txt
if grep -q '^MISS' build/bench/peers.txt; then exit 1; fi
