#!/usr/bin/env bash
# A private PostgreSQL cluster that is reached through a Unix socket only.
#
#   deploy/cluster.sh start DIR [NAME=VALUE]...   makes it on the first start; adopts it if it runs
#   deploy/cluster.sh keep DIR [NAME=VALUE]...    starts it again whenever it has died, until SIGTERM
#   deploy/cluster.sh stop DIR
#   deploy/cluster.sh status DIR                  exit code 0 when it takes connections
#   deploy/cluster.sh url DIR                     the URL with the rights of the database's owner
#   deploy/cluster.sh superuser-url DIR           the same for the superuser (tests)
#   deploy/cluster.sh remove DIR                  stops it and deletes its data
#
# NAME=VALUE are settings of the server. Everything but its address and its shared_buffers, a quarter
# of the memory, is PostgreSQL's own default, so it is durable.
#
# DIR/postgres is the cluster's home, a folder (or a link to one) that only the server's user may
# enter; that is why the socket inside it needs no passwords. Root cannot run PostgreSQL: started by
# root, the server runs as user postgres, or as whoever owns the cluster already.
# DIR/postgres.log is the server's log, DIR/database.url (mode 0600) what `url` prints.
set -euo pipefail
export LC_ALL=C
# The caller's own PostgreSQL settings (PGPORT, PGUSER, PGOPTIONS...) are about other servers.
unset "${!PG@}"

say() { echo "cluster: $*" >&2; }
fail() {
  say "$@"
  exit 1
}

short_hash() { printf %s "$1" | sha256sum | cut -c1-12; }

# --- who and where ---

# Sets uid and gid: whom the server runs as.
choose_user() {
  if [ -d "$home" ]; then
    uid=$(stat -L -c %u "$home")
  elif [ $EUID -eq 0 ]; then
    uid=$(id -u postgres) || fail "there is no user postgres: install the packages (deploy/packages.sh run)"
  else
    uid=$EUID
  fi
  [ $EUID -eq 0 ] || [ "$uid" -eq $EUID ] ||
    fail "$home belongs to user $(stat -L -c %U "$home"): run this as that user or as root, or use another folder (NPSD_VAR)"
  gid=$(id -g "$uid") || fail "PostgreSQL cannot run as $uid, a user without a name"
}

as_server() {
  if [ "$uid" -eq $EUID ]; then
    "$@"
  else
    setpriv --reuid="$uid" --regid="$gid" --init-groups -- "$@"
  fi
}

# A folder for the server's user alone; fails where that user cannot get to.
make_private() {
  mkdir -m 700 -- "$1" && chown "$uid:$gid" "$1" && as_server test -w "$1"
}

# Makes the cluster's home unless it is there.
place_home() {
  [ -d "$home" ] && return
  rm -f -- "$link"
  home=$link
  make_private "$home" 2>/dev/null && return
  [ ! -d "$home" ] || rmdir -- "$home"
  [ $EUID -eq 0 ] || fail "cannot write in $dir"
  home=/var/lib/npsd/$(short_hash "$dir")
  install -d -m 755 /var/lib/npsd
  [ -d "$home" ] || make_private "$home" || fail "cannot make $home"
  ln -s -- "$home" "$link"
}

# Sets socket, the folder of the Unix socket. Its path must fit into a socket address (108 bytes), and
# into a URL and a PostgreSQL setting as it stands; a home that does not has its socket under /tmp.
place_socket() {
  socket=$home/socket
  [[ ${#socket} -le 80 && $socket != *[!A-Za-z0-9/._-]* ]] || socket=/tmp/npsd-$(short_hash "$home")
  [ -d "$socket" ] || make_private "$socket" || fail "cannot make $socket"
  # /tmp is everybody's: the folder of that name must be ours.
  [ "$(stat -c '%u %a' "$socket")" = "$uid 700" ] || fail "$socket belongs to somebody else"
}

# Sets bin: the programs of the cluster's own version, or of the newest for a new one.
find_programs() {
  local version='*'
  [ ! -e "$home/data/PG_VERSION" ] || version=$(cat "$home/data/PG_VERSION")
  # shellcheck disable=SC2086 # the pattern is meant to be expanded
  bin=$(printf '%s\n' /usr/lib/postgresql/$version/bin | sort -V | tail -n 1)
  [ -x "$bin/postgres" ] || bin=$(dirname "$(command -v postgres)") ||
    fail "PostgreSQL's server $version is not installed (deploy/packages.sh run)"
}

# --- the server ---

# The server's process. The pid file alone proves nothing: after a crash of the machine its number may
# belong to another process.
server_pid() {
  local pid
  pid=$(head -n 1 "$home/data/postmaster.pid" 2>/dev/null) || return 1
  [ "$(readlink "/proc/$pid/cwd")" = "$home/data" ] && echo "$pid"
}

is_stopping() { server_pid >/dev/null && grep -q '^stopping' "$home/data/postmaster.pid"; }

# An orderly stop leaves this mark; a crash, a panic and an immediate stop do not.
was_stopped() {
  find_programs
  [ ! -e "$home/data/postmaster.pid" ] &&
    "$bin/pg_controldata" "$home/data" | grep -Eq '^Database cluster state: +shut down$'
}

# initdb works beside the final place, so that a half-made cluster is never taken for a whole one.
create() {
  local sync=()
  [[ " $* " == *' fsync=off '* ]] && sync=(--no-sync)
  say "creating a PostgreSQL cluster in $home"
  as_server rm -rf -- "$home/data.new"
  as_server "$bin/initdb" --pgdata="$home/data.new" --username=postgres --encoding=UTF8 \
    --locale=C.UTF-8 --auth-local=trust --auth-host=reject --no-instructions "${sync[@]}" \
    >>"$dir/postgres.log" 2>&1 || fail "initdb failed: see $dir/postgres.log"
  as_server mv -T -- "$home/data.new" "$home/data"
}

quarter_of_memory() { awk '/^MemTotal:/ { printf "%dMB", ($2 / 4096 > 128) ? $2 / 4096 : 128 }' /proc/meminfo; }

# pg_ctl gives the server a session of its own, so a Ctrl-C at the terminal does not reach it.
launch() { # [NAME=VALUE]...
  local options setting
  options="-c listen_addresses= -c port=5432 -c unix_socket_directories=$socket"
  options+=" -c unix_socket_permissions=0700 -c shared_buffers=$(quarter_of_memory)"
  for setting; do
    [[ $setting =~ ^[a-z_.]+=[A-Za-z0-9_./-]*$ ]] || fail "not a setting: $setting"
    options+=" -c $setting"
  done
  as_server "$bin/pg_ctl" start --silent --wait --timeout=600 --pgdata="$home/data" \
    --options="$options" </dev/null >>"$dir/postgres.log" 2>&1 9<&-
}

# The processes that work in the cluster's data, one a line.
processes() {
  find /proc/[0-9]*/cwd -maxdepth 0 -printf '%h %l\n' 2>/dev/null |
    DATA=$home/data awk '{ pid = $1; sub(/^[^ ]+ /, "") } $0 == ENVIRON["DATA"] { print substr(pid, 7) }'
}

# What a killed server leaves behind would keep a new one from starting: its children, if busy with a
# long query, and its lock files, if their number now belongs to another process. An orderly stop
# removes the pid file, so without one there is nothing to do.
clear_remains() {
  local pid
  [ -e "$home/data/postmaster.pid" ] || return 0
  for pid in $(processes); do
    [[ $(readlink "/proc/$pid/exe") == */postgres* ]] || continue
    say "ending process $pid of a server that was killed"
    kill -KILL "$pid" 2>/dev/null || true
    while readlink "/proc/$pid/cwd" >/dev/null; do sleep 0.05; done
  done
  as_server rm -f -- "$home/data/postmaster.pid" "$socket/.s.PGSQL.5432" "$socket/.s.PGSQL.5432.lock"
}

bring_up() { # [NAME=VALUE]...
  [ -e "$home/data" ] || create "$@"
  clear_remains
  launch "$@" && return
  tail -n 5 "$dir/postgres.log" >&2
  fail "PostgreSQL did not start: see $dir/postgres.log"
}

wait_until_ready() {
  local i
  for ((i = 0; i < 3000; i++)); do
    "$bin/pg_isready" --quiet --host="$socket" --port=5432 && return
    server_pid >/dev/null || break
    sleep 0.2
  done
  fail "PostgreSQL does not take connections: see $dir/postgres.log"
}

# The owner's role and its database; nothing changes when they are there.
provision() {
  "$bin/psql" "$(superuser_url)" --no-psqlrc --quiet --set=ON_ERROR_STOP=1 <<'SQL'
SELECT 'CREATE ROLE npsd_owner LOGIN CREATEROLE'
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'npsd_owner') \gexec
SELECT 'CREATE DATABASE npsd OWNER npsd_owner'
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'npsd') \gexec
SQL
}

superuser_url() { echo "postgresql://postgres@:5432/postgres?host=$socket"; }

write_url() {
  local url="postgresql://npsd_owner@:5432/npsd?host=$socket"
  [ "$(cat "$dir/database.url" 2>/dev/null)" != "$url" ] || return 0
  (umask 077 && echo "$url" >"$dir/database.url.new")
  mv -- "$dir/database.url.new" "$dir/database.url"
}

# --- commands ---

cluster_start() { # [NAME=VALUE]...
  place_home
  place_socket
  find_programs
  [ ! -L "$link" ] || say "user $(id -un "$uid") cannot reach $dir: the cluster lives in $home"
  while is_stopping; do sleep 0.2; done
  if server_pid >/dev/null; then
    say "PostgreSQL still runs: taking it over"
    wait_until_ready
  else
    bring_up "$@"
  fi
  provision
  write_url
}

cluster_keep() { # [NAME=VALUE]...
  local told=
  trap 'kill $! 2>/dev/null; exit 0' TERM
  while sleep 1 & wait $!; do
    if server_pid >/dev/null; then
      told=
    elif was_stopped; then
      [ -n "$told" ] || say "PostgreSQL was stopped: $self start $dir starts it again"
      told=yes
    else
      say "PostgreSQL died: starting it again"
      "$self" start "$dir" "$@" || true
    fi
  done
}

cluster_stop() {
  find_programs
  server_pid >/dev/null || return 0
  as_server "$bin/pg_ctl" stop --silent --mode="${1:-fast}" --wait --timeout=600 \
    --pgdata="$home/data" >>"$dir/postgres.log" 2>&1 || fail "PostgreSQL did not stop: see $dir/postgres.log"
}

cluster_status() {
  place_socket
  find_programs
  "$bin/pg_isready" --host="$socket" --port=5432
}

cluster_superuser_url() {
  place_socket
  superuser_url
}

cluster_remove() {
  [ -d "$home" ] || return 0
  cluster_stop immediate
  place_socket
  rm -rf -- "$socket" "$home" "$link" "$dir/database.url" "$dir/postgres.log"
}

usage() {
  sed -n '2,/^set /s/^# \{0,1\}//p' "$0"
  exit 2
}

[ $# -ge 2 ] || usage
command=$1
self=$(readlink -f -- "$0")
[ "$command" != start ] || mkdir -p -- "$2"
dir=$(readlink -e -- "$2") || fail "there is no folder $2"
link=$dir/postgres
home=$(readlink -f -- "$link")
shift 2
# The server's user may not be able to enter the folder we were called from.
cd /
choose_user
case $command in
  # One at a time; the lock is let go by the end of the script.
  start | stop | remove) exec 9<"$dir" && flock 9 ;;
esac
case $command in
  start) cluster_start "$@" ;;
  keep) cluster_keep "$@" ;;
  stop) cluster_stop ;;
  status) cluster_status ;;
  url) cat "$dir/database.url" ;;
  superuser-url) cluster_superuser_url ;;
  remove) cluster_remove ;;
  *) usage ;;
esac
