#!/usr/bin/env bash
# Part of row F22: daemons that follow each other on one socket, which is descriptor 3 (see hold.c).
#
#   rolling.sh NPSD COUNT FOLDER ADMIN_PORT...      one port more than COUNT
#
# Each is up before the one before it is told to end. Fails if one does not come up or ends badly.
set -u
npsd=$1 count=$2 folder=$3
shift 3
ports=("$@") status=0

start() { # PORT
  (
    export LISTEN_FDS=1 LISTEN_PID=$BASHPID NPSD_ADMIN_LISTEN=127.0.0.1:$1
    exec setpriv --pdeathsig KILL "$npsd" serve >>"$folder/log" 2>&1
  ) &
  new=$!
}

ready() { # PORT
  local i
  for ((i = 0; i < 400; i++)); do
    [ "$(curl --noproxy '*' --silent --max-time 2 --output /dev/null --write-out '%{http_code}' \
      "http://127.0.0.1:$1/readyz")" = 200 ] && return
    sleep 0.05
  done
  status=1
}

start "${ports[0]}"
old=$new
ready "${ports[0]}"
touch "$folder/up"
sleep 2
for ((i = 1; i <= count; i++)); do
  start "${ports[i]}"
  ready "${ports[i]}"
  kill -TERM "$old"
  wait "$old" || status=1
  old=$new
  sleep 1
done
touch "$folder/done"
while [ ! -e "$folder/end" ]; do sleep 0.1; done
kill -TERM "$old"
wait "$old" || status=1
exit $status
