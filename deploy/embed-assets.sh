#!/usr/bin/env bash
# Joins the sources of what browsers get, compresses them, and prints the C file that carries them
# inside the binary: the table declared in npsd/page/assets.h.
#
#   deploy/embed-assets.sh SOURCES TARGET NAME=PART[,PART]...
#
# An asset NAME is its parts in SOURCES, one after the other (a PART may be a pattern, its files in
# the order of their names); parts that are not there are left out,
# and so is an asset without any. The parts of a script share one strict function, so they share
# names with each other and with nobody else. Of scripts and styles, indentation and lines of comment
# are left out: so in them no text goes over several lines, and a comment /* */ stands on lines of
# its own.
#
# Paths are relative to the folder in which the compiler runs.
set -euo pipefail
export LC_ALL=C

sources=$1 target=$2
shift 2

type_of() { # NAME
  case $1 in
    *.js) echo 'text/javascript; charset=utf-8' ;;
    *.css) echo 'text/css; charset=utf-8' ;;
    *.html) echo 'text/html; charset=utf-8' ;;
    *.svg) echo 'image/svg+xml' ;;
    *) echo "embed-assets: what type is $1?" >&2 && return 1 ;;
  esac
}

# The parts of a list that are there, with their folder.
present() { # PART,PART...
  local part
  set -- "${1//,/ $sources/}"
  # shellcheck disable=SC2086 # patterns are meant to be expanded
  for part in $sources/$1; do
    [ ! -f "$part" ] || echo "$part"
  done
}

without_comments() { # FILE...
  awk '{ sub(/^[ \t]+/, "") }
    block { if (/\*\/[ \t]*$/) block = 0; next }
    /^\/\*/ { if (!/\*\/[ \t]*$/) block = 1; next }
    /^\/\// || /^$/ { next }
    { print }' "$@"
}

join() { # NAME FILE...
  local name=$1
  shift
  case $name in
    *.js)
      printf '(() => {\n"use strict";\n'
      without_comments "$@"
      printf '})();\n'
      ;;
    *.css) without_comments "$@" ;;
    *) cat "$@" ;;
  esac
}

# One file's bytes, at a symbol that only this C file knows.
bytes() { # SYMBOL FILE
  cat <<C
__asm__(".section .rodata\n"
        "$1: .incbin \"$2\"\n"
        ".previous\n");
extern const unsigned char $1[];

C
}

mkdir -p "$target"
rows=()
printf '/* Made by deploy/embed-assets.sh: do not edit. */\n#include "npsd/page/assets.h"\n\n'
for asset; do
  name=${asset%%=*}
  mapfile -t parts < <(present "${asset#*=}")
  [ ${#parts[@]} -gt 0 ] || continue
  type=$(type_of "$name")
  file=$target/$name
  join "$name" "${parts[@]}" >"$file"
  gzip -9 -n -c "$file" >"$file.gz"
  hash=$(sha256sum <"$file" | cut -c1-8)
  symbol=asset_${#rows[@]}
  bytes "$symbol" "$file"
  bytes "${symbol}_gz" "$file.gz"
  rows+=("{\"$name\", \"$type\", $symbol, $(stat -c %s "$file"), ${symbol}_gz, $(stat -c %s "$file.gz"), \"$hash\"},")
done
printf 'const struct page_asset page_assets[] = {\n'
printf '    %s\n' "${rows[@]}"
printf '    {0},\n};\nconst size_t page_asset_count = %d;\n' ${#rows[@]}
