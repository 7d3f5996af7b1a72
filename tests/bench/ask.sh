# Part of scale.sh and peers.sh: questions about a survey that was made (generate.sh), each asked many
# times in a form that was not asked before, so that no cache can answer it.
# shellcheck shell=bash disable=SC2154 # what is not set here is set in service.sh

readonly zone=Asia/Kathmandu

iso() { TZ=UTC printf '%(%Y-%m-%dT%H:%M:%SZ)T' "$1"; } # SECONDS

# Sets query: the parameters of a window, for the nth time. A window of 30 days begins seven quarter hours
# earlier each time, so that all hours of the day have their share, whenever this runs: what a facet's window
# cuts off six hours is counted from rows. A quarter begins a quarter hour earlier, all time a month earlier in a
# decade before any answer, a series a day. N below 0 is to warm up, for what is asked |N| later: another window,
# so that no cache can answer the one that counts, near it, so that the disk need not.
window() { # NAME N
  local now quarter=$((EPOCHSECONDS / 900 * 900))
  case $1 in
    days) query="from=$(iso $((quarter - 30 * 86400 - ($2 < 0 ? -$2 * 7 - 3 : $2 * 7) * 900)))" ;;
    quarter) query="tz=$zone&from=$(iso $((quarter_began - $2 * 900)))&to=$quarter_ends" ;;
    all) query="from=$((1970 + ($2 + 120) / 12))-$(printf %02d $((1 + ($2 + 120) % 12)))-01&to=2100-01-01" ;;
    year)
      printf -v now '%(%s)T'
      query="tz=$zone&from=$(iso_date $((now - (365 + $2) * 86400)))&to=$(iso_date $((now - $2 * 86400)))"
      ;;
  esac
}

iso_date() { TZ=$zone printf '%(%Y-%m-%d)T' "$1"; } # SECONDS

# Of the calendar quarter that now is in the zone: when it began, and the date on which it ends.
find_quarter() {
  local year month
  TZ=$zone printf -v year '%(%Y)T'
  TZ=$zone printf -v month '%(%-m)T'
  month=$(((month - 1) / 3 * 3 + 1))
  quarter_began=$(TZ=$zone date --date="$year-$month-01" +%s)
  quarter_ends=$(date --date="$year-$month-01 + 3 months" +%F)
}

# Sets path and query.
question() { # NAME N
  path=nps
  case $1 in
    nps-*) window "${1#nps-}" "$2" ;;
    series) path=nps/series && window year "$2" && query+="&interval=day" ;;
    branch-*) path=nps/breakdown && window "${1#branch-}" "$2" && query+="&by=branch" ;;
    product-*) path=nps/breakdown && window "${1#product-}" "$2" && query+="&by=product" ;;
    one-*) window "${1#one-}" "$2" && query+="&where.branch=b7" ;;
    two-*) window "${1#two-}" "$2" && query+="&where.branch=b7&where.product=p7" ;;
  esac
}

# curl's commands for a question, so many times of each survey by turns, by one connection.
requests() { # DAEMON NAME SURVEYS WARM_UP SAMPLES
  local n path query survey
  printf 'header = "Authorization: Bearer %s"\n' "$(cat "$scratch/key")"
  printf 'write-out = "%%{http_code} %%{time_starttransfer}\\n"\n'
  for n in $(seq -1 -1 -"$4") $(seq "$5"); do
    question "$2" "$n"
    for survey in $3; do
      if [ "$2" = nothing ]; then
        printf 'url = "%s/healthz"\noutput = /dev/null\n' "${address[$1]}"
      else
        printf 'url = "%s/v1/surveys/%s/%s?%s"\noutput = /dev/null\n' "${address[$1]}" "$survey" "$path" "$query"
      fi
    done
  done
}

# Lines of measures: question, survey, status, microseconds until the reply began. What came first, while
# connections and memory were cold, is left out.
ask() { # DAEMON NAME SURVEYS WARM_UP SAMPLES
  requests "$1" "$2" "$3" "$4" "$5" >"$scratch/requests"
  run_child timeout 900 curl --silent --config "$scratch/requests" >"$scratch/replies.txt" ||
    fail "$2 of $3 was not answered by $1: $(tail -n 1 "$scratch/replies.txt")"
  awk -v name="$2" -v surveys="$3" -v warm="$4" 'BEGIN { count = split(surveys, survey, " ") }
    NR > warm * count { printf "%s\t%s\t%d\t%.0f\n", name, survey[1 + (NR - 1) % count], $1, $2 * 1000000 }' \
    "$scratch/replies.txt" >>"$asked"
}
