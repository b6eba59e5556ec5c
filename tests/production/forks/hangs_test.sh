#!/usr/bin/env bash
# hangs_test.sh LIBRARY PROGRAM [ARGUMENT...]: with this library, a mutant, the program comes to no end, or one of its
# children does not. With the library as it is it takes a second or two (tests/conformance). Whether a fork meets another
# thread at the wrong moment is chance, so the program is run again until it hangs.
set -uo pipefail

library=$PWD/$1 program=$PWD/$2
shift 2

readonly kSeconds=20 kTimedOut=124 kSecondsInAll=240
while (( SECONDS < kSecondsInAll )); do
  BREAKPROOF_EXPECTED=0 LD_PRELOAD=$library timeout "$kSeconds" "$program" "$@"
  status=$?
  (( status == kTimedOut )) && exit 0
  (( status == 0 )) || break
done
printf 'it ended with %d: the slip makes no difference\n' "$status" >&2
exit 1
