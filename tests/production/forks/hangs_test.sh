#!/usr/bin/env bash
# hangs_test.sh LIBRARY PROGRAM [ARGUMENT...]: with this library, a mutant, the program comes to no end, or one of its
# children does not. With the library as it is it takes two or three seconds (tests/conformance).
set -uo pipefail

library=$PWD/$1 program=$PWD/$2
shift 2

readonly kSeconds=20 kTimedOut=124
BREAKPROOF_EXPECTED=0 LD_PRELOAD=$library timeout "$kSeconds" "$program" "$@"
status=$?
(( status == kTimedOut )) && exit 0
printf 'it ended with %d: the slip makes no difference\n' "$status" >&2
exit 1
