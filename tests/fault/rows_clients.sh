# Part of run.sh: what clients do.
# shellcheck shell=bash disable=SC2034

# 32 clients send the same key at once, to two daemons, one key after the other.
row_F23() { # COUNT
  row_begin F23 && daemon_up a && daemon_up b || return 1
  slack=2000000
  client_start $((2 + $1 / 10)) --storm --connections 32
  client_wait
  row_check
  detail="${figure[keys]} storms of 32"
  [ "${figure[keys]}" -ge "$1" ] || violation "only ${figure[keys]} storms"
  [ "$(sql_in "$database" 'select count(*) from ledger.outcome where status not in (200, 201)')" = 0 ] ||
    violation "not all were answered 200 or 201"
}
