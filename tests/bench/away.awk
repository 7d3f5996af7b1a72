# Makes the report of away.sh from its facts, and judges it. Of a load the facts are, numbered (pace.c): seconds,
# acknowledged by 201, 200, 304, refused, lost, too few, too many, fewer; p50, p99, most of POSTs; p50, p99, most
# of polls; acknowledged by 202.
#
#   awk -f common.awk -f away.awk FACTS

function milliseconds(name, n) { return fact[name "_" n] / 1000 }

function print_load(name, title) {
  printf "%-32s %9.0f %9d %9d %9d %9.1f %9.1f %9.1f\n", title, (fact[name "_2"] + fact[name "_16"]) / fact[name "_1"],
    fact[name "_2"], fact[name "_16"], fact[name "_5"] + fact[name "_6"], milliseconds(name, 10),
    milliseconds(name, 11), milliseconds(name, 12)
}

function judge_away(   missed) {
  missed = fact["away_5"] + fact["away_6"] + fact["back_5"] + fact["back_6"]
  judge(fact["away_16"] >= 0.99 * fact["posts"] * fact["seconds"], "answers acknowledged by 202 while away",
    fact["away_16"], "at least 99 % of " fact["posts"] * fact["seconds"])
  judge(fact["away_2"] == 0, "of them by 201", fact["away_2"], "none")
  judge(milliseconds("away", 11) < 20, "p99 of the 202", sprintf("%.1f ms", milliseconds("away", 11)), "under 20 ms")
  judge(missed == 0, "refusals and lost connections", missed, "none")
  judge(fact["usable"] <= 1, "until answers are committed again", fact["usable"] " s", "at most 1 s after PostgreSQL accepts connections")
}

function judge_truth() {
  judge(fact["ids"] == fact["acknowledged"], "ids of " fact["acknowledged"] " acknowledged answers", fact["ids"], "one each")
  judge(fact["lost"] == 0, "acknowledged answers without a row of their id", fact["lost"], "none")
  judge(fact["phantoms"] == 0, "rows that were not acknowledged", fact["phantoms"], "none")
  judge(fact["counted"] == fact["rows"] && fact["rows"] == fact["acknowledged"], "answers counted by /nps", fact["counted"], fact["rows"] " rows")
  judge(fact["conflicts"] == 0, "answers kept aside", fact["conflicts"], "none")
  judge(fact["check"] == 0, "npsd check", fact["check"] == 0 ? "equal" : "FAILED", "all tallies equal a recount")
}

END {
  print_machine("npsd bench-away")
  printf "%s\n\n", fact["plan"]
  printf "%-32s %9s %9s %9s %9s %29s\n", "", "answers", "by 201", "by 202", "neither", "POST, ms"
  printf "%-32s %9s %9s %9s %9s %9s %9s %9s\n", "", "a second", "", "", "", "p50", "p99", "most"
  print_load("before", "before")
  print_load("away", "PostgreSQL away")
  print_load("back", "back, the spool being moved in")
  printf "\n%d answers were in the spool, %.0f MB. All were moved in %.1f s after PostgreSQL accepted connections.\n\n",
    fact["spool_waiting"], fact["spool_bytes"] / 1048576, fact["moved"]
  judge_away()
  judge_truth()
  note_other(fact["other"])
}
