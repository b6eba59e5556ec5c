#!/usr/bin/env bash
# far_block_test.sh LIBRARY PROGRAM: with this library, a mutant, the program of a heap of more than a gibibyte must die with
# the sentence of a misuse that it does not commit. tests/conformance:gibibytes_test runs it with the library as it is.
set -uo pipefail

said=$(BREAKPROOF_EXPECTED=0 LD_PRELOAD=$PWD/$1 "$PWD/$2" 2>&1)
status=$?
printf '%s\n' "$said"
(( status != 0 )) && [[ $said == *"free() of a block that is free already"* ]] && exit 0
printf 'it ended with %d: the slip makes no difference\n' "$status" >&2
exit 1
