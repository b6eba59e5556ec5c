#!/usr/bin/env bash
# hangs_test.sh LIBRARY PROGRAM [ARGUMENT...]: with this library, a mutant, the program makes no progress any more. It would
# go on for minutes without: what tells the two apart is the processor time that it and its children take.
set -euo pipefail

library=$PWD/$1 program=$PWD/$2
shift 2

readonly kMostSeconds=40
BREAKPROOF_EXPECTED=0 LD_PRELOAD=$library timeout "$kMostSeconds" "$program" "$@" &
process=$!
trap 'kill "$process" 2>/dev/null || true' EXIT

# Clock ticks of all processes of its group, timeout's own.
ticks() {
  { cat /proc/[0-9]*/stat 2>/dev/null || true; } |
    awk -v group="$process" '$5 == group { sum += $14 + $15 + $16 + $17 } END { print sum + 0 }'
}

before=-1
for (( second = 0; second < kMostSeconds; ++second )); do
  sleep 1
  kill -0 "$process" 2>/dev/null || { printf 'it ended: the slip makes no difference\n' >&2; exit 1; }
  now=$(ticks)
  if [[ $now == "$before" ]]; then
    printf 'it hangs after %d s, as it should\n' "$second"
    exit 0
  fi
  before=$now
done
printf 'it was still busy after %d s\n' "$kMostSeconds" >&2
exit 1
