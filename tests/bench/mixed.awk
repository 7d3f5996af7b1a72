# Makes the report of mixed.sh from its facts and the daemon's resident size in the course of the soak, and
# judges it. Of a load the facts are, numbered (pace.c): seconds, acknowledged, 200, 304, refused, lost, too
# few, too many, fewer; p50, p99, most of POSTs; p50, p99, most of polls.
#
#   awk -f common.awk -f mixed.awk FACTS MEMORY

{ resident[++count] = $2 / 1024 }

function milliseconds(name, n) { return fact[name "_" n] / 1000 }

function print_load(name, title) {
  printf "%-32s %9.0f %9.0f %7.0f %7.1f %8.1f %8.1f %8.1f %8.1f %8.1f\n", title, fact[name "_2"] / fact[name "_1"],
    (fact[name "_3"] + fact[name "_4"]) / fact[name "_1"], 100 * fact[name "_4"] / (fact[name "_3"] + fact[name "_4"]),
    milliseconds(name, 10), milliseconds(name, 11), milliseconds(name, 12),
    milliseconds(name, 13), milliseconds(name, 14), milliseconds(name, 15)
}

function print_loads() {
  printf "%-32s %9s %9s %7s %25s %26s\n", "", "answers", "polls", "of them", "POST, ms", "poll, ms"
  printf "%-32s %9s %9s %7s %7s %8s %8s %8s %8s %8s\n", "", "a second", "a second", "304, %",
    "p50", "p99", "most", "p50", "p99", "most"
  print_load("mixed", "mixed load")
  print_load("soak", "soak")
  print_load("many", fact["connections"] " connections")
  print ""
}

function average(from, to,   i, sum) {
  for (i = from; i <= to; i++) sum += resident[i]
  return to >= from ? sum / (to - from + 1) : 0
}

function judge_pace(   acknowledged, polled) {
  acknowledged = fact["mixed_2"] / fact["mixed_1"]
  polled = (fact["mixed_3"] + fact["mixed_4"]) / fact["mixed_1"]
  judge(acknowledged >= 0.99 * fact["posts"], "answers acknowledged a second", sprintf("%.0f", acknowledged),
    "at least 99 % of " fact["posts"])
  judge(polled >= 0.99 * fact["polls"], "polls a second", sprintf("%.0f", polled), "at least 99 % of " fact["polls"])
  judge(milliseconds("mixed", 14) < 10, "p99 of polls", sprintf("%.1f ms", milliseconds("mixed", 14)), "under 10 ms")
}

function sum_of(n) { return fact["mixed_" n] + fact["many_" n] + fact["soak_" n] }

function judge_truth(   outside, under_way) {
  outside = sum_of(7) + sum_of(8)
  judge(outside == 0, "polls that showed too few answers, or too many", outside,
    "none, from acknowledged before to sent after")
  judge(sum_of(9) == 0, "polls that showed fewer answers than before", sum_of(9), "none, on one connection")
  judge(fact["samples"] > 0 && fact["samples_wrong"] == 0, "samples in which tallies differ from a recount",
    fact["samples_wrong"] " of " fact["samples"], "none, of " fact["sample_cells"] " cells each at the end")
  under_way = fact["rows"] - fact["mixed_2"]
  judge(under_way >= 0 && under_way <= fact["post_connections"], "rows", fact["rows"],
    fact["mixed_2"] " acknowledged, at most " fact["post_connections"] " under way at the end")
  judge(fact["check"] == 0, "npsd check", fact["check"] == 0 ? "equal" : "FAILED", "all tallies equal a recount")
  judge(sum_of(5) + sum_of(6) == 0, "refusals and lost connections", sum_of(5) + sum_of(6), "none")
}

function judge_memory(   early, late) {
  judge(fact["memory_idle"] < 30 * 1024, "resident, idle", sprintf("%.1f MB", fact["memory_idle"] / 1024), "under 30 MB")
  judge(fact["memory_many"] < 120 * 1024, "resident, " fact["connections"] " connections",
    sprintf("%.1f MB", fact["memory_many"] / 1024), "under 120 MB")
  early = average(int(count / 4) + 1, int(count / 2))
  late = average(int(3 * count / 4) + 1, count)
  judge(late <= early * 1.02 + 0.5, "resident, last quarter of the soak", sprintf("%.1f MB", late),
    sprintf("flat: at most 2 %% and 0.5 MB more than in the second quarter, %.1f MB", early))
}

END {
  print_machine("npsd bench-mixed")
  printf "%s\n\n", fact["plan"]
  print_loads()
  judge_pace()
  judge_truth()
  judge_memory()
  printf "\nAfter the mixed load, without connections: %.1f MB.\n", fact["memory_after"] / 1024
  note_other(fact["other"])
}
