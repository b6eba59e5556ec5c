#!/usr/bin/env bash
# noticed_test.sh LIBRARY PROGRAM: with this library, a mutant, the program says that something does not hold.
set -uo pipefail

# The program knows the library by its name.
library=$TEST_TMPDIR/libbreakproof.so
cp --dereference "$PWD/$1" "$library"
said=$(BREAKPROOF_EXPECTED=1 LD_PRELOAD=$library "$PWD/$2" 2>&1) && { printf 'the slip makes no difference\n' >&2; exit 1; }
[[ $said == *'does not hold'*'allocate'* ]] || { printf 'it ended otherwise: %s\n' "$said" >&2; exit 1; }
