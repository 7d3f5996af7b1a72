# Part of all reports: the facts of a run, statistics, and how goals are judged. Lines that begin with PASS
# or MISS are goals; the scripts look for a MISS.

BEGIN { FS = "\t" }

FNR == NR { fact[$1] = $2; next }

# runs[name]: how many values there are of it, values[name, 1] and so on.
function sorted(values, name,   i, j, x, n) {
  n = runs[name]
  for (i = 1; i <= n; i++) {
    x = values[name, i]
    for (j = i - 1; j > 0 && list[j] > x; j--) list[j + 1] = list[j]
    list[j + 1] = x
  }
  return n
}

function median(values, name,   n) {
  n = sorted(values, name)
  return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
}

function least(values, name) { sorted(values, name); return list[1] }

function most(values, name,   n) { n = sorted(values, name); return list[n] }

function mean(values, name,   i, sum) {
  for (i = 1; i <= runs[name]; i++) sum += values[name, i]
  return sum / runs[name]
}

# The largest of a measure over all loads (order[1] to order[loads]): of each load, its median or its most.
function worst(values, of_medians,   i, x, found) {
  for (i = 1; i <= loads; i++) {
    x = of_medians ? median(values, order[i]) : most(values, order[i])
    if (x > found) found = x
  }
  return found
}

function blank_or(format, value, given) { return given ? sprintf(format, value) : "-" }

function judge(good, what, value, goal) {
  printf "%s  %-56s %12s   %s\n", good ? "PASS" : "MISS", what, value, goal
}

function print_machine(title) {
  printf "%s, %s: %s, PostgreSQL %s\n", title, fact["date"], fact["npsd"], fact["postgres"]
  printf "%d cores (%s), %s; load before: %s\n%s\n",
    fact["cores"], fact["cpu"], fact["memory"], fact["load"], fact["settings"]
}

function note_other(percent) {
  if (percent > 10)
    printf "NOTE: up to %.0f %% of the processors were busy with other work: no figures to compare by.\n", percent
}
