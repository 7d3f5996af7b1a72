# Part of run.sh: disks that are full, and power that is cut.
# shellcheck shell=bash disable=SC2034,SC2154

# A file system of so many MB in a file; sets mounted. Skips the row where that is not allowed.
disk_make() { # NAME MB [MKFS...]
  local name=$1 image=$scratch/$1.img
  truncate -s "$2M" "$image"
  shift 2
  [ $# -gt 0 ] || set -- mkfs.ext4 -q -m 0
  command -v "$1" >/dev/null || { skip "$1 is not installed" && return 1; }
  "$@" "$image" >/dev/null 2>&1 || { skip "$1 failed" && return 1; }
  disk_mount "$name" "$image"
}

disk_mount() { # NAME IMAGE
  mounted=$scratch/mnt-$1
  mkdir -p "$mounted"
  mount -o loop "$2" "$mounted" 2>"$scratch/mount.log" || { skip "loop devices cannot be mounted here" && return 1; }
  undo+=("umount '$mounted'")
}

disk_fill() { dd if=/dev/zero of="$1/filler" bs=64k status=none 2>/dev/null; }

# The answers are in a tablespace on a small disk, everything else is elsewhere.
row_F13() { # COUNT
  local i
  disk_make heap$RANDOM 120 || return 0
  mkdir "$mounted/space" && chown "$(stat -L -c %U:%G "$cluster/postgres/data")" "$mounted/space"
  row_begin F13 || return 1
  sql "create tablespace small location '$mounted/space'" || return 1
  undo+=("sql 'drop tablespace small'" "sql 'drop database if exists $database with (force)'")
  sql "alter database $database set tablespace small" && daemon_up a || return 1
  client_start 600
  for ((i = 0; i < $1; i++)); do
    sleep 1
    disturb disk_fill "$mounted"
    sleep 5
    give_back rm -f -- "$mounted/filler"
    sleep 2
  done
  client_end
  row_check
  detail="$(grep -c 'No space left' "$cluster/postgres.log") complaints of PostgreSQL"
}

# A cluster of its own whose WAL is on a small disk: PostgreSQL panics when that is full.
row_F14() { # COUNT
  local i shared=$cluster shared_superuser=$superuser shared_owner=$owner shared_key=$key home
  disk_make wal$RANDOM 160 || return 0
  mkdir "$mounted/pg_wal"
  cluster_settings+=(max_wal_size=64MB min_wal_size=32MB)
  cluster_make "$scratch/wal" || return 1
  undo+=("deploy/cluster.sh remove $scratch/wal")
  home=$(readlink -f "$cluster/postgres")
  deploy/cluster.sh stop "$cluster" 2>/dev/null
  cp -a "$home/data/pg_wal/." "$mounted/pg_wal/" && rm -r "$home/data/pg_wal" && ln -s "$mounted/pg_wal" "$home/data/pg_wal"
  chown --reference="$home/data" "$mounted/pg_wal" && chmod 700 "$mounted/pg_wal"
  cluster_start && row_begin F14 && daemon_up a || return 1
  client_start 600
  for ((i = 0; i < $1; i++)); do
    sleep 1
    disturb disk_fill "$mounted"
    # A new segment does not fit any more.
    await 20 wal_panics || violation "PostgreSQL did not panic"
    event lost
    sleep 4
    disturb rm -f -- "$mounted/filler"
    postgres_back || return 1
    sleep 4
  done
  client_end
  row_check
  amcheck
  row_end
  deploy/cluster.sh remove "$cluster" 2>/dev/null
  cluster=$shared superuser=$shared_superuser owner=$shared_owner key=$shared_key row=''
  detail+=", $1 panics"
}

wal_panics() {
  try_sql "create table if not exists filler (t text); insert into filler select repeat(md5(n::text), 20) from generate_series(1, 20000) n;
    select pg_switch_wal()" >/dev/null || ! try_sql 'select 1' >/dev/null
  ! try_sql 'select 1' >/dev/null
}

# --- P1: the image of what had reached the disk, at an instant ---

# An ext4 with the cluster in a file of a file system that can copy a file at once (reflink).
rig_make() {
  local kind=xfs
  command -v mkfs.xfs >/dev/null || kind=btrfs
  if [ $kind = xfs ]; then disk_make rig$RANDOM 6000 mkfs.xfs -q -m reflink=1; else disk_make rig$RANDOM 6000 mkfs.btrfs -q; fi || return 1
  rig=$mounted
  truncate -s 1000M "$rig/disk" && mkfs.ext4 -q "$rig/disk" && disk_mount disk$RANDOM "$rig/disk" || return 1
  disk=$mounted
}

# How many answers acknowledged by 201 before the instant a cut does not have. In a subshell, so it
# takes back itself what it has made.
cut_lost() { # CUT INSTANT
  disk_mount "cut-$1-$RANDOM" "$rig/cut-$1" || return 1
  at=$mounted # not local: the trap runs when the function has returned
  trap 'deploy/cluster.sh stop "$at/cluster" >/dev/null 2>&1; umount "$at"' EXIT
  deploy/cluster.sh start "$at/cluster" "${cluster_settings[@]}" >>"$scratch/cluster.log" 2>&1 ||
    { echo 'a cluster that does not start, with all' && return; }
  local of
  of="$(deploy/cluster.sh superuser-url "$at/cluster")"
  of=${of/\/postgres\?/\/$database?}
  grep '^[ao]'$'\t' "$ledger" | awk -F'\t' -v before="$2" '
    $1 == "a" { key[$2] = $4 }
    $1 == "o" && $5 == 201 && $3 < before { print key[$2] }' | sort -u >"$rowdir/acked-$1"
  psql "$of" --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 <<SQL
create temp table acked (key text);
\\copy acked from '$rowdir/acked-$1'
select count(*) from (select key from acked except select split_part(answers ->> 'why', ' ', 1) from response) x;
SQL
}

row_P1() { # COUNT
  local i shared=$cluster shared_superuser=$superuser shared_owner=$owner shared_key=$key instants=() lost total=0 acked=0
  rig_make || return 0
  chmod 711 "$disk"
  cluster_make "$disk/cluster" || return 1
  undo+=("deploy/cluster.sh remove $disk/cluster")
  row_begin P1 && daemon_up a || return 1
  client_start 600
  for ((i = 0; i < $1; i++)); do
    sleep 1.$((RANDOM % 10))
    instants+=("$(now)")
    cp --reflink=always "$rig/disk" "$rig/cut-$i" || { violation 'the copy failed' && break; }
  done
  client_end
  row_check
  for ((i = 0; i < ${#instants[@]}; i++)); do
    lost=$(cut_lost $i "${instants[i]}")
    [ "$lost" = 0 ] || violation "the copy $i misses ${lost:-?} acknowledged answers"
    [ ! -e "$rowdir/acked-$i" ] || acked=$((acked + $(wc -l <"$rowdir/acked-$i")))
  done
  detail="${#instants[@]} copies, $acked acknowledgements held against them"
  row_end
  deploy/cluster.sh remove "$cluster" 2>/dev/null
  cluster=$shared superuser=$shared_superuser owner=$shared_owner key=$shared_key row=''
}

# --- P2, P3: what is on the disk before the reply ---

post_one() {
  curl --noproxy '*' --silent --max-time 10 --output "$rowdir/posted" --write-out '%{http_code}' -H 'Content-Type: application/json' \
    --data '{"score": 9, "answers": {"why": "k-1 0 said"}}' "http://127.0.0.1:${port[a]}/v1/surveys/fault/responses"
}

row_P2() { # COUNT
  local there
  command -v strace >/dev/null || { skip 'strace is not installed' && return; }
  row_begin P2 && daemon_up a || return 1
  post_one >/dev/null
  sleep 1
  # shellcheck disable=SC2046 # numbers
  trace_replies $((20 * $1)) 201 "${pid[a]}" $(cat "/proc/$(postmaster)/task/$(postmaster)/children") ||
    { skip 'strace may not attach here' && return; }
  deploy/cluster.sh stop "$cluster" >>"$scratch/cluster.log" 2>&1
  await 10 is_spooled || violation 'nothing was spooled'
  trace_replies $((20 * $1)) 202 "${pid[a]}"
  postgres_back
  await 30 is_moved a || violation 'I7 the spool was not emptied'
  there=$(sql_in "$database" 'select count(*) from response')
  [ "$there" -gt $((40 * $1)) ] || violation "I1 only $there answers are there"
  detail="$((20 * $1)) replies by 201 and as many by 202, each after a flush that had returned"
}

is_spooled() { [ "$(post_one)" = 202 ]; }

# Between two replies of these processes there is a flush that has returned: of WAL, of the spool. Fails if
# they cannot be watched.
trace_replies() { # REPLIES STATUS PROCESS...
  local i tracer replies unflushed wanted=$1 status=$2 traced=()
  shift 2
  for i; do traced+=(-p "$i"); done
  strace -f -ttt -e trace=fdatasync,fsync,pwrite64,sendto,sendmsg,write,writev -s 40 -o "$rowdir/trace" "${traced[@]}" 2>"$rowdir/strace" &
  tracer=$!
  await 10 grep -q attached "$rowdir/strace" || { kill $tracer && return 1; }
  sleep 1
  for ((i = 0; i < wanted; i++)); do
    [ "$(post_one)" = "$status" ] || violation "a request was not answered $status"
  done
  kill $tracer
  wait $tracer 2>/dev/null
  read -r replies unflushed < <(awk -v reply="HTTP/1.1 $status" '
    /(fdatasync|fsync)\(.*= 0/ || /(fdatasync|fsync) resumed.*= 0/ { flushed = 1 }
    index($0, reply) { replies++; if (!flushed) bad++; flushed = 0 }
    END { print replies + 0, bad + 0 }' "$rowdir/trace")
  [ "$replies" -eq "$wanted" ] || violation "$replies replies in the trace of $wanted"
  [ "$unflushed" = 0 ] || violation "$unflushed replies left before what they say was flushed"
}

# A trigger writes down where WAL stood inside the transaction; after the 201 it must be flushed beyond.
row_P3() { # COUNT
  local i id verdict bad=0 requests=$((1000 * $1))
  row_begin P3 && daemon_up a || return 1
  sql_in "$database" "
    create table written (id uuid, at pg_lsn);
    create function note() returns trigger language plpgsql security definer as \$\$
      begin insert into public.written values (new.id, pg_current_wal_insert_lsn()); return null; end \$\$;
    create constraint trigger note after insert on response deferrable initially deferred for each row execute function note()"
  coproc ASK { psql "$(as_superuser "$database")" --no-psqlrc --quiet --tuples-only --no-align; }
  for ((i = 0; i < requests; i++)); do
    [ "$(post_one)" = 201 ] || { violation 'a request was not answered 201' && break; }
    id=$(sed 's/.*"id": *"\([^"]*\)".*/\1/' "$rowdir/posted")
    echo "select pg_current_wal_flush_lsn() > at from written where id = '$id';" >&"${ASK[1]}"
    read -r -t 10 verdict <&"${ASK[0]}" || { violation 'the session ended' && break; }
    [ "$verdict" = t ] || bad=$((bad + 1))
  done
  echo '\q' >&"${ASK[1]}"
  wait "$ASK_PID" 2>/dev/null
  detail="$i replies, WAL flushed beyond each"
  [ $bad -eq 0 ] || violation "$bad of $i replies came before their WAL was flushed"
}
