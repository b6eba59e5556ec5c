#!/usr/bin/env bash
# A kept case still breaks its rule on the system's malloc: replays_test.sh BREAKPROOF CASE RULE
set -euo pipefail

breakproof=$1 case=$2 rule=$3

status=0
output=$("$breakproof" replay "$case") || status=$?
printf '%s\n' "$output"
[[ $status -eq 10 ]] || { printf 'replay exits with 10, not %s\n' "$status" >&2; exit 1; }
grep -q "verdict: $rule was broken" <<< "$output" || { printf 'replay reports %s first\n' "$rule" >&2; exit 1; }
