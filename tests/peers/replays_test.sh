#!/usr/bin/env bash
# A kept case still breaks its rule, on the system's malloc or a library: replays_test.sh BREAKPROOF CASE RULE [LIBRARY]
set -euo pipefail

breakproof=$1 case=$2 rule=$3 library=${4:-}

status=0
output=$("$breakproof" replay "$case" ${library:+--library "$library"}) || status=$?
printf '%s\n' "$output"
[[ $status -eq 10 ]] || { printf 'replay exits with 10, not %s\n' "$status" >&2; exit 1; }
grep -q "verdict: $rule was broken" <<< "$output" || { printf 'replay reports %s first\n' "$rule" >&2; exit 1; }
