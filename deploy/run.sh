#!/usr/bin/env bash
# What `make run` does once npsd is built: a private PostgreSQL cluster (unless NPSD_DATABASE_URL names
# a database), the newest schema, a survey and a key to try things with, and the daemon in the
# foreground. Ctrl-C or SIGTERM drains the daemon and then stops PostgreSQL; so does the daemon's end.
# If PostgreSQL dies, the daemon stays, and PostgreSQL is started again.
set -euo pipefail
cd "$(dirname "$0")/.."

export NPSD_VAR=${NPSD_VAR:-var}
npsd=build/npsd
key=$NPSD_VAR/admin.key
database=$NPSD_VAR/postgres/data/PG_VERSION
private='' daemon='' deaf_until=0 helpers=()

say() { echo "make run: $*" >&2; }

# Two daemons in one folder would stop each other's PostgreSQL. Every lasting child closes 8, so that
# the lock goes with this script, however it ends.
lock() {
  mkdir -p "$NPSD_VAR"
  { : >>"$NPSD_VAR/run.lock"; } 2>/dev/null ||
    { say "cannot write in $NPSD_VAR, which belongs to $(stat -c %U "$NPSD_VAR")" && exit 1; }
  exec 8>>"$NPSD_VAR/run.lock"
  flock --nonblock 8 || { say "npsd already runs from $NPSD_VAR" && exit 1; }
}

# Starts a child that does not hear the terminal's Ctrl-C and does not outlive this script, even if that
# is killed the hard way. Sets child.
launch() {
  setsid setpriv --pdeathsig TERM "$@" </dev/null 8>&- &
  child=$!
}

start_database() {
  [ -z "${NPSD_DATABASE_URL:-}" ] || return 0
  private=yes
  deploy/cluster.sh start "$NPSD_VAR" 8>&-
  NPSD_DATABASE_URL=$(deploy/cluster.sh url "$NPSD_VAR")
  export NPSD_DATABASE_URL
  launch deploy/cluster.sh keep "$NPSD_VAR"
  helpers+=("$child")
}

# A key that is older than the private cluster belonged to one that is gone.
has_key() { [ -s "$key" ] && ! { [ -n "$private" ] && [ "$database" -nt "$key" ]; }; }

create_key() {
  (umask 077 && "$npsd" key create --role admin --name 'make run' >"$key.new")
  mv -- "$key.new" "$key"
  say "the admin key is in $key"
}

prepare() {
  "$npsd" migrate
  "$npsd" survey show demo >/dev/null 2>&1 || "$npsd" survey create deploy/demo.json >/dev/null
  has_key || create_key
}

# Where a client on this machine reaches the daemon.
base_url() {
  local listen=${NPSD_LISTEN:-127.0.0.1:8080}
  case $listen in
    0.0.0.0:* | :* | '*:'*) listen=127.0.0.1:${listen##*:} ;;
    '[::]:'*) listen="[::1]:${listen##*:}" ;;
  esac
  echo "http://$listen"
}

suggest() {
  local url
  url=$(base_url)
  cat <<TEXT

npsd is ready. Ctrl-C stops it. Answer as a customer does, in a browser:

  $url/s/demo          the survey page
  $url/s/demo?kiosk=1  the same on a tablet in a shop
  $url/demo            a shop with the widget

Or post an answer, and read the result:

  curl -H 'Content-Type: application/json' -d '{"score": 9, "answers": {"why": "Fast"}}' $url/v1/surveys/demo/responses
  curl -H "Authorization: Bearer \$(cat $key)" $url/v1/surveys/demo/nps

TEXT
}

suggest_when_ready() {
  until "$npsd" healthcheck >/dev/null 2>&1; do
    sleep 0.3
    kill -0 "$daemon" 2>/dev/null || return 0
  done
  suggest
}

serve() {
  launch "$npsd" serve
  daemon=$child
  suggest_when_ready 8>&- &
  helpers+=($!)
  # A signal ends a wait early; the last one gives the daemon's own status.
  while kill -0 "$daemon" 2>/dev/null; do wait "$daemon" 2>/dev/null || true; done
  wait "$daemon" || { status=$? && say "npsd ended with exit code $status" && exit $status; }
}

# One Ctrl-C or SIGTERM may come twice, once of its own and once passed on by make.
interrupted() {
  [ -n "$daemon" ] || exit 130
  [ $SECONDS -ge $deaf_until ] || return 0
  deaf_until=$((SECONDS + 2))
  kill -TERM "$daemon" 2>/dev/null || true
}

finish() {
  trap '' INT TERM HUP QUIT
  kill "${helpers[@]}" 2>/dev/null || true
  wait "${helpers[@]}" 2>/dev/null || true
  [ -z "$private" ] || deploy/cluster.sh stop "$NPSD_VAR" || true
}

trap interrupted INT TERM HUP QUIT
trap finish EXIT
lock
[ $EUID -ne 0 ] || say "as root: PostgreSQL runs as an ordinary user, npsd itself as root"
start_database
prepare
serve
