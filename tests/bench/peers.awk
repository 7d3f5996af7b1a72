# Makes the report of peers.sh from its facts, measures (loads.sh: record) and what was asked (ask.sh: ask),
# and judges it.
#
#   awk -f common.awk -f peers.awk FACTS MEASURES ASKED

BEGIN {
  loads = split("single64 single256 single512 fastify64 fastify256 fastify512 pgbench8 pgbench16 pgbench32 fresh64 same64 hello64", order, " ")
  title["single64"] = "POST, 64 connections"
  title["single256"] = "POST, 256 connections"
  title["single512"] = "POST, 512 connections"
  title["fastify64"] = "fastify: POST, 64 connections"
  title["fastify256"] = "fastify: POST, 256 connections"
  title["fastify512"] = "fastify: POST, 512 connections"
  title["pgbench8"] = "pgbench, 8 clients"
  title["pgbench16"] = "pgbench, 16 clients"
  title["pgbench32"] = "pgbench, 32 clients"
  title["fresh64"] = "poll, 200, 64 connections"
  title["same64"] = "poll, 304, 64 connections"
  title["hello64"] = "hello, 64 connections"
  count = split("nps-days nps-quarter nps-all", asked, " ")
  title["nps-days"] = "last 30 days"
  title["nps-quarter"] = "this quarter, Asia/Kathmandu"
  title["nps-all"] = "all time"
}

NF == 4 { # of ask
  n = ++runs[$1]
  took[$1, n] = $4 / 1000
  if ($3 != 200) refused++
  next
}

{
  name = $1
  n = ++runs[name]
  rate[name, n] = $2 / $3 * 1000000
  p99[name, n] = $4 / 1000
  server[name, n] = $2 ? $6 / $2 : 0
  postgres[name, n] = $2 ? $7 / $2 : 0
  load[name, n] = $2 ? $8 / $2 : 0
  other[name, n] = $9 > $6 + $7 + $8 ? 100 * ($9 - $6 - $7 - $8) / (fact["cores"] * $3) : 0
  if (name ~ /^same/) same += $2
  errors += $5
}

function best(pattern,   i, found) {
  for (i = 1; i <= loads; i++)
    if (order[i] ~ pattern && (!found || median(rate, order[i]) > median(rate, found))) found = order[i]
  return found
}

function print_loads(   i, name) {
  printf "%-32s %26s %8s %24s %6s\n", "", "a second", "p99", "CPU us a reply or row", "other"
  printf "%-32s %8s %8s %8s %8s %8s %7s %7s %6s\n", "", "median", "least", "most", "ms", "server", "PG", "load", "CPU %"
  for (i = 1; i <= loads; i++) {
    name = order[i]
    printf "%-32s %8.0f %8.0f %8.0f %8s %8s %7.1f %7.1f %6.0f\n", title[name], median(rate, name),
      least(rate, name), most(rate, name), blank_or("%.1f", median(p99, name), name !~ /^pgbench/),
      blank_or("%.1f", median(server, name), name !~ /^pgbench/), median(postgres, name), median(load, name),
      median(other, name)
  }
}

function print_numbers(   i) {
  printf "\n%-32s %17s %17s %8s\n", "uncached number, median, ms", "npsd", "fastify", "times"
  for (i = 1; i <= count; i++)
    printf "%-32s %17.2f %17.2f %8.0f\n", title[asked[i]], median(took, asked[i]), median(took, "fastify-" asked[i]),
      median(took, "fastify-" asked[i]) / median(took, asked[i])
  print ""
}

function judge_ratio(ours, theirs, least_ratio,   ratio) {
  ratio = median(rate, ours) / median(rate, theirs)
  judge(ratio >= least_ratio, title[ours] " / " title[theirs], sprintf("%.2f", ratio), "at least " least_ratio)
}

END {
  print_machine("npsd bench-peers")
  printf "%s\nA poll's body, and hello's, has %d bytes.\n\n", fact["plan"], fact["body"]
  print_loads()
  print_numbers()
  judge_ratio(best("^single"), best("^fastify"), 5)
  judge_ratio(best("^single"), best("^pgbench"), 2.5)
  times = median(took, "fastify-nps-all") / median(took, "nps-all")
  judge(times >= 300, "number over all answers: fastify / npsd", sprintf("%.0f", times), "at least 300")
  judge_ratio("fresh64", "hello64", 0.85)
  judge_ratio("same64", "hello64", 0.85)
  judge(same > 0 && fact["unchanged"] >= same, "304 for each poll with the ETag", fact["unchanged"], "at least " same)
  judge(errors + refused == 0, "refusals and errors", errors + refused, "none")
  judge(fact["counted"] == fact["counted_by_fastify"], "answers counted", fact["counted"],
    "as many as fastify's table has: " fact["counted_by_fastify"])
  note_other(worst(other, 1))
}
