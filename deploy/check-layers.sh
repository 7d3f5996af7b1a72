#!/usr/bin/env bash
# Fails when a file includes a header that its layer may not use. The tables are the architecture.
set -euo pipefail
cd "${1:-$(dirname "$0")/..}"

# A layer, and the layers of npsd whose headers it may include besides its own.
declare -A may=(
  [base]=''
  [domain]='base'
  [json]='base domain'
  [page]='base domain'
  [db]='base domain'
  [http]='base domain json'
  [store]='base domain db'
  [spool]='base domain store'
  [state]='base domain json db store'
  [ingest]='base domain db store spool state'
  [api]='base domain page json http store spool state ingest db'
  [cli]='base domain json db http store spool state ingest api'
)
# A library's header, and the files that may include it.
declare -A where=(
  [microhttpd.h]='^src/http/server[^/]*$'
  [libpq-fe.h]='^src/db/'
  [jansson.h]='^(src|include/npsd)/(json|api|state)/'
  [zlib.h]='^src/page/gzip\.c$'
  [sqlite3.h]='^src/spool/'
  [sodium.h]='^(src|include/npsd)/base/'
)

refuse() {
  echo "check-layers: $1: $2" >&2
  bad=1
}

check() { # FILE HEADER
  local layer=${1#include/npsd/}
  layer=${layer#src/}
  if [[ $2 == *..* ]]; then
    refuse "$1" "includes $2 by a path that hides the layer"
  elif [ -n "${where[$2]:-}" ]; then
    [[ $1 =~ ${where[$2]} ]] || refuse "$1" "may not include <$2>"
  elif [[ $layer == */* && $2 == npsd/*/* ]]; then # files above the layers (main.c) may use all
    layer=${layer%%/*}
    local used=${2#npsd/}
    [[ -v may[$layer] ]] || refuse "$1" "layer $layer is not in the table"
    [[ " $layer ${may[$layer]:-} " == *" ${used%%/*} "* ]] || refuse "$1" "layer $layer may not use $2"
  fi
}

bad=0
while IFS=: read -r file include; do
  header=${include#*[<\"]}
  check "$file" "${header%[>\"]}"
done < <(grep -roE --include='*.[ch]' '^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"][^>"]+[>"]' src include)
exit $bad
