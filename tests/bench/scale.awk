# Makes the report of scale.sh from its facts and measures (ask.sh: ask), and judges it.
#
#   awk -f common.awk -f scale.awk FACTS MEASURES

BEGIN {
  count = split("nps-days nps-quarter nps-all series branch-days branch-all product-days product-all" \
    " one-days one-all two-days nothing", order, " ")
  title["nps-days"] = "last 30 days"
  title["nps-quarter"] = "this quarter, Asia/Kathmandu"
  title["nps-all"] = "all time"
  title["series"] = "days of a year, Asia/Kathmandu"
  title["branch-days"] = "by 50 branches, 30 days"
  title["branch-all"] = "by 50 branches, all time"
  title["product-days"] = "by 1,000 products, 30 days"
  title["product-all"] = "by 1,000 products, all time"
  title["one-days"] = "of one branch, 30 days"
  title["one-all"] = "of one branch, all time"
  title["two-days"] = "of branch and product, 30 days"
  title["nothing"] = "GET /healthz"
  split("nps-days nps-quarter nps-all series branch-days branch-all", named, " ")
  for (i in named) is_even[named[i]] = 1
  goal["series"] = goal["branch-days"] = goal["branch-all"] = 15
  goal["product-days"] = goal["product-all"] = 60
  goal["nps-days"] = goal["nps-quarter"] = goal["nps-all"] = goal["one-days"] = goal["one-all"] = 5
}

{
  key = $1 " " $2
  took[key, ++runs[key]] = $4 / 1000
  if ($3 != 200) refused[key] = $3
}

function time_of(name, size) { return median(took, name " " size "m") }

function cell(name, size,   key) {
  key = name " " size "m"
  return key in refused ? "(" refused[key] ")" : sprintf("%.2f", time_of(name, size))
}

function print_times(   i, s) {
  printf "%-34s", "median, ms"
  for (s = 1; s <= sizes; s++) printf "%12s", size[s] " million"
  printf "%12s\n", "slowest"
  for (i = 1; i <= count; i++) {
    printf "%-34s", title[order[i]]
    for (s = 1; s <= sizes; s++) printf "%12s", cell(order[i], size[s])
    printf "%12.2f\n", most(took, order[i] " " size[sizes] "m")
  }
  print ""
}

function gigabytes(name, size) { return fact[name "_" size "m"] / 1e9 }

function print_space(   s) {
  printf "%-34s", "space, GB: answers"
  for (s = 1; s <= sizes; s++) printf "%12.2f", gigabytes("rows", size[s])
  printf "\n%-34s", "space, GB: tallies"
  for (s = 1; s <= sizes; s++) printf "%12.2f", gigabytes("tallies", size[s])
  printf "\n%-34s", "tallies / answers, %"
  for (s = 1; s <= sizes; s++) printf "%12.1f", 100 * gigabytes("tallies", size[s]) / gigabytes("rows", size[s])
  printf "\n%-34s", "made in, s"
  for (s = 1; s <= sizes; s++) printf "%12d", fact["made_" size[s] "m"]
  print "\n"
}

# What a request costs that asks nothing is no cost of a number: without it the ratio is the stricter one.
function growth(name,   large, small) {
  large = time_of(name, size[sizes]) - time_of("nothing", size[sizes])
  small = time_of(name, size[1]) - time_of("nothing", size[1])
  return small > 0 ? large / small : 0
}

function judge_time(name,   ms, bad) {
  bad = (name " " size[sizes] "m") in refused
  ms = time_of(name, size[sizes])
  judge(!bad && ms < goal[name], title[name] ", " size[sizes] " million", cell(name, size[sizes]) " ms",
    "under " goal[name] " ms")
  if (sizes > 1 && name in is_even)
    judge(!bad && growth(name) <= 1.5, title[name] ", " size[sizes] " / " size[1] " million",
      sprintf("%.2f", growth(name)), "at most 1.5, without the time of /healthz")
}

END {
  sizes = split(fact["sizes"], size, " ")
  print_machine("npsd bench-scale")
  printf "%s\n\n", fact["plan"]
  print_times()
  print_space()
  for (i = 1; i <= count; i++)
    if (order[i] in goal) judge_time(order[i])
  judge(fact["check"] == 0, "npsd check, three months of each survey", fact["check"] == 0 ? "equal" : "FAILED",
    "all tallies equal a recount")
  note_other(fact["other"])
}
