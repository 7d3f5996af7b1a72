#!/usr/bin/env bash
# The systemd unit: well-formed, and at most 1.5 by `systemd-analyze security` ("OK"; what it is,
# deploy/SECURITY.md says). Nothing is installed or started. What is said of other units of this
# machine is not ours.
set -euo pipefail
cd "$(dirname "$0")"

scratch=$(mktemp -d)
trap 'rm -rf -- "$scratch"' EXIT
# The program need not be installed for its unit to be right.
sed 's#/usr/local/bin/npsd#/bin/true#' npsd.service >"$scratch/npsd.service"
cp npsd.socket "$scratch/npsd.socket"

said=$(systemd-analyze verify --man=no "$scratch/npsd.service" "$scratch/npsd.socket" 2>&1) && failed='' || failed=yes
if [ -n "$failed" ] || grep -q npsd <<<"$said"; then
  echo "$said" >&2
  exit 1
fi
said=$(systemd-analyze security --no-pager --offline=true --threshold=15 "$scratch/npsd.service" 2>&1) || {
  echo "$said" >&2
  exit 1
}
level=$(grep -oE 'exposure level for npsd.service: [0-9.]+' <<<"$said" | grep -oE '[0-9.]+$')
if ! grep -qF "\`systemd-analyze security\`: $level)" SECURITY.md; then
  echo "deploy/SECURITY.md does not tell the unit's exposure level, $level" >&2
  exit 1
fi
