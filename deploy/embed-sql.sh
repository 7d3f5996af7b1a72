#!/usr/bin/env bash
# Prints the C file that carries the SQL files given as arguments inside the binary: the tables
# declared in npsd/db/migrate.h, with the bytes taken in by the assembler (.incbin).
# Paths are relative to the folder in which the compiler runs.
set -euo pipefail
export LC_ALL=C

# One file's bytes, between two symbols that only this C file knows.
bytes() { # NUMBER FILE
  cat <<C
__asm__(".section .rodata\n"
        "sql_$1_begin: .incbin \"$2\"\n"
        "sql_$1_end: .byte 0\n"
        ".previous\n");
extern const unsigned char sql_$1_begin[], sql_$1_end[];

C
}

# A table of the files, closed by an empty row (C has no empty tables), and how many rows count.
table() { # NAME FILE...
  local name=$1 file
  shift
  echo "const struct migration ${name}[] = {"
  for file; do
    echo "    {\"${file##*/}\", sql_${number[$file]}_begin, sql_${number[$file]}_end},"
  done
  printf '    {0},\n};\nconst size_t %s_count = %d;\n\n' "$name" $#
}

declare -A number=()
migrations=()
repeatable=()
for file; do
  [[ ${file##*/} =~ ^[0-9]{4}_.*\.sql$ ]] && migrations+=("$file")
done
# Views are built on functions, so these come first; rights are given to what is there.
for wanted in functions.sql views.sql rights.sql; do
  for file; do
    [[ ${file##*/} == "$wanted" ]] && repeatable+=("$file")
  done
done
[ ${#migrations[@]} -eq 0 ] || mapfile -t migrations < <(printf '%s\n' "${migrations[@]}" | sort)

printf '/* Made by deploy/embed-sql.sh: do not edit. */\n#include "npsd/db/migrate.h"\n\n'
for file in "${migrations[@]}" "${repeatable[@]}"; do
  number[$file]=${#number[@]}
  bytes "${number[$file]}" "$file"
done
table migrations "${migrations[@]}"
table repeatable_sql "${repeatable[@]}"
