#!/usr/bin/env bash
# Installs the Debian packages that a purpose needs and that are missing.
#
#   deploy/packages.sh PURPOSE...      run test web faults bench peers fuzz lint valgrind coverage
#
# As root with apt-get, else through sudo; without either it prints the one line to run and fails.
set -euo pipefail

build=(gcc libc6-dev make pkg-config libmicrohttpd-dev libjansson-dev libpq-dev libsodium-dev libsqlite3-dev
  zlib1g-dev)
# curl is there for what `make run` suggests to try.
serve=(postgresql-15 tzdata curl)
harness=(check libcurl4-openssl-dev)
# Before the daemon in its tests, as programs: their services are not wanted (see mask_services).
proxies=(nginx haproxy)
# llvm's symbolizer names the lines of a finding.
fuzz=(clang llvm)

# Node.js may be there from elsewhere than Debian.
node_packages() {
  command -v node >/dev/null || echo nodejs
  command -v npm >/dev/null || echo npm
}

packages_for() {
  case $1 in
    run) echo "${build[@]}" "${serve[@]}" ;;
    test) echo "${build[@]}" "${serve[@]}" "${harness[@]}" "${fuzz[@]}" "${proxies[@]}" patch ;;
    web)
      node_packages
      echo chromium fonts-dejavu-core
      ;;
    faults)
      packages_for test
      echo iproute2 nftables faketime pgbouncer slowhttptest strace e2fsprogs xfsprogs util-linux perl
      ;;
    # pgbench comes with postgresql-15.
    bench) echo "${build[@]}" "${serve[@]}" "${harness[@]}" wrk ;;
    peers)
      packages_for bench
      node_packages
      ;;
    lint) echo "${build[@]}" "${harness[@]}" clang-format clang-tidy cppcheck shellcheck systemd ;;
    fuzz) echo "${build[@]}" "${fuzz[@]}" ;;
    valgrind) echo "${build[@]}" "${serve[@]}" "${harness[@]}" "${proxies[@]}" valgrind ;;
    coverage) echo "${build[@]}" "${serve[@]}" "${harness[@]}" "${proxies[@]}" gcovr ;;
    *) sed -n '2,/^set /s/^# \{0,1\}//p' "$0" >&2 && return 2 ;;
  esac
}

# Those of the wanted packages that dpkg does not have installed, one a line.
missing() {
  local installed
  installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null) || true
  printf '%s\n' "$@" | sort -u | grep -vxF -e "$(sed -n 's/^installed //p' <<<"$installed")" || true
}

# Debian's server package starts a cluster of its own on port 5432 when it is first installed. npsd has
# no use for that one, so it is told not to; what an operator has configured or made is left alone.
forbid_main_cluster() {
  local conf=/etc/postgresql-common/createcluster.d/npsd.conf
  [ ! -e "$conf" ] || return 0
  mkdir -p "${conf%/*}"
  cat >"$conf" <<'CONF'
# Written by npsd before it had the PostgreSQL server installed: npsd runs a cluster of its own, and
# no other was asked for. Delete this file if a new server package shall make a "main" cluster.
create_main_cluster = false
CONF
}

# Debian's proxies start as services when they are first installed, nginx on port 80. Masked before,
# they are programs and no more; `systemctl unmask nginx` makes a service of one. Where it was
# installed before, nothing is changed.
mask_services() {
  local package
  [ -d /etc/systemd/system ] || return 0
  for package; do
    case $package in
      nginx | haproxy)
        [ -e "/etc/systemd/system/$package.service" ] || [ -L "/etc/systemd/system/$package.service" ] ||
          ln -s /dev/null "/etc/systemd/system/$package.service"
        ;;
    esac
  done
  [ ! -d /run/systemd/system ] || systemctl daemon-reload
}

install_as_root() {
  # A fresh machine may be busy with updates of its own: wait for it.
  local apt_get=(apt-get -q -o DPkg::Lock::Timeout=300)
  export DEBIAN_FRONTEND=noninteractive
  case " $* " in *' postgresql-15 '*) forbid_main_cluster ;; esac
  mask_services "$@"
  # Lists of packages may never have been fetched, or be too old to still be true.
  apt-get install --simulate --no-install-recommends "$@" >/dev/null 2>&1 || "${apt_get[@]}" update
  "${apt_get[@]}" install -y --no-install-recommends "$@" ||
    { "${apt_get[@]}" update && "${apt_get[@]}" install -y --no-install-recommends "$@"; }
}

if [ "${1:-}" = --install ]; then # called by itself, through sudo
  shift
  install_as_root "$@"
  exit
fi
if ! command -v dpkg-query >/dev/null; then
  echo "packages: this is not a Debian; what is needed there is called: $(packages_for "${1:-}")" >&2
  exit 0
fi
[ $# -gt 0 ] || packages_for ''
wanted=$(for purpose; do packages_for "$purpose" || exit; done)
# shellcheck disable=SC2086 # names of packages are words
mapfile -t needed < <(missing $wanted)
[ ${#needed[@]} -gt 0 ] || exit 0

echo "packages: missing: ${needed[*]}" >&2
if [ $EUID -eq 0 ]; then
  install_as_root "${needed[@]}"
elif command -v sudo >/dev/null && sudo -- bash "$0" --install "${needed[@]}"; then
  exit 0
else
  echo "packages: not installed; as root, run  deploy/packages.sh $*  or this line:" >&2
  echo "apt-get install --no-install-recommends ${needed[*]}" >&2
  exit 1
fi
