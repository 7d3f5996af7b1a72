#!/usr/bin/env bash
# The quick subset of the fault matrix, for tests/run.sh.
exec "$(dirname "$0")/run.sh" --quick
