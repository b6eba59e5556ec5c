#!/usr/bin/env bash
# first_blocks_mutants_test.sh [PROGRAM TEST]...: each PROGRAM, the unit tests of a thread's first blocks over a patched
# allocator, must fail, with TEST among those that do; //tests/unit:first_blocks_test runs them on the allocator as it is.
set -uo pipefail

survivors=0
while (( $# >= 2 )); do
  if output=$("$1" 2>&1) || [[ $output != *"[  FAILED  ] FirstBlocks.$2"* ]]; then
    printf '%s does not fail in %s:\n%s\n' "$1" "$2" "$output" >&2
    (( ++survivors ))
  else
    printf '%s: killed by %s\n' "$1" "$2"
  fi
  shift 2
done
(( survivors == 0 ))
