# Makes the report of run.sh from its facts and measures (loads.sh: record), and judges it.
#
#   awk -f common.awk -f report.awk FACTS MEASURES
#
# Lines that begin with PASS or MISS are goals; run.sh looks for a MISS.

BEGIN {
  loads = split("single64 single256 single512 pgbench8 pgbench16 pgbench32 pgbench64 bare16 bare32 batch" \
    " without with1 with2 with3", order, " ")
}

{
  name = $1
  n = ++runs[name]
  rate[name, n] = $2 / $3 * 1000000
  p99[name, n] = $4 / 1000
  if ($2 > 0) {
    npsd[name, n] = $6 / $2
    postgres[name, n] = $7 / $2
    load[name, n] = $8 / $2
  }
  other[name, n] = $9 > $6 + $7 + $8 ? 100 * ($9 - $6 - $7 - $8) / (fact["cores"] * $3) : 0
  rows[name, n] = $10 ? $11 / $10 : 0
  folded[name, n] = $12
  errors += $5
  if (name ~ /^(pgbench|bare)/) { peer += $2; next }
  posted += $2
  under_way += $14
  if ($13 < $2 || $13 > $2 + $14) unexplained++
}

# --- statistics over the runs of a load ---

function best(pattern,   i, found) {
  for (i = 1; i <= loads; i++)
    if (order[i] ~ pattern && (!found || median(rate, order[i]) > median(rate, found))) found = order[i]
  return found
}

# --- the report ---

function title(name) {
  if (name ~ /^single/) return "POST, " substr(name, 7) " connections"
  if (name ~ /^pgbench/) return "pgbench, " substr(name, 8) " clients"
  if (name ~ /^bare/) return "pgbench, key only, " substr(name, 5)
  if (name == "batch") return "batch POST, answers"
  if (name == "without") return "POST, 64, no snapshot"
  return "POST, 64, snapshot, part " substr(name, 5)
}

function print_load(name,   ours) {
  ours = name !~ /^(pgbench|bare)/
  printf "%-28s %8.0f %8.0f %8.0f %8s %7s %7.1f %7.1f %7s %6.0f\n", title(name),
    median(rate, name), least(rate, name), most(rate, name),
    blank_or("%.1f", median(p99, name), ours),
    blank_or("%.1f", median(npsd, name), ours), median(postgres, name), median(load, name),
    blank_or("%.0f", median(rows, name), ours), median(other, name)
}

function print_plan() {
  printf "%s; pgbench inserts into a table like response; key only: without its other indexes\n\n", fact["plan"]
}

function print_table(   i) {
  printf "%-28s %26s %8s %23s %7s %6s\n", "", "a second", "p99", "CPU us an answer", "answers", "other"
  printf "%-28s %8s %8s %8s %8s %7s %7s %7s %7s %6s\n", "", "median", "least", "most", "ms",
    "npsd", "PG", "load", "commit", "CPU %"
  for (i = 1; i <= loads; i++)
    print_load(order[i])
  printf "%-28s %8.0f\n\n", "two daemons, four writers", mean(rate, "writer") * runs["writer"]
}

function judge_speed(   ours, peer_name, bare_name, ratio, held, calm) {
  ours = best("^single")
  peer_name = best("^pgbench")
  ratio = median(rate, ours) / median(rate, peer_name)
  judge(ratio >= 2, title(ours) " / " title(peer_name), sprintf("%.2f", ratio),
    "at least 2.0; aim 2.5: " (ratio >= 2.5 ? "met" : "not met"))
  bare_name = best("^bare")
  printf "      %-52s %12.2f   no goal: that table answers no question by time or facet\n",
    title(ours) " / " title(bare_name), median(rate, ours) / median(rate, bare_name)
  judge(median(rate, "batch") >= 60000, "batch POST, answers a second",
    sprintf("%.0f", median(rate, "batch")), "at least 60000")
  judge(median(p99, "single64") < 15, "p99 of POST, 64 connections",
    sprintf("%.1f ms", median(p99, "single64")), "under 15 ms")
  calm = mean(rate, "without")
  held = (rate["with1", 1] + rate["with2", 1] + rate["with3", 1]) / 3
  judge(held >= 0.8 * calm, "rate under an open snapshot",
    sprintf("%.0f %%", 100 * held / calm),
    sprintf("at least 80 %% of the rate without (last third: %.0f %%)", 100 * rate["with3", 1] / calm))
}

function judge_truth(   missing) {
  missing = fact["counted"] - posted
  judge(fact["deadlocks"] == 0, "deadlocks with four writers", fact["deadlocks"], "none")
  judge(errors == 0, "refusals and errors", errors, "none")
  judge(missing >= 0 && missing <= under_way && !unexplained, "answers acknowledged after wrk had ended",
    sprintf("%d", missing), sprintf("from 0 to %d, those on their way then", under_way))
  judge(fact["acked"] == fact["counted"] && fact["rows"] == fact["counted"], "answers counted by /nps",
    fact["counted"], fact["acked"] " acknowledged, " fact["rows"] " rows")
  judge(fact["check"] == 0, "npsd check", fact["check"] == 0 ? "equal" : "FAILED", "all tallies equal a recount")
  judge(fact["peer_rows"] == peer, "rows of pgbench", fact["peer_rows"], peer " reported")
}

END {
  print_machine("npsd bench")
  print_plan()
  print_table()
  judge_speed()
  judge_truth()
  printf "\nThe journal was folded at most %.1f s after a load.\n", worst(folded, 0)
  note_other(worst(other, 1))
}
