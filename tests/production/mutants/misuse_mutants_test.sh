#!/usr/bin/env bash
# misuse_mutants_test.sh TEST PROGRAM LIBRARY...
# TEST fails on every LIBRARY, each a mutant of the allocator, with U1 first.
set -uo pipefail

test=$1 program=$2
shift 2
survivors=0
for library in "$@"; do
  said=$("$test" "$library" "$program")
  status=$?
  printf '%s: %s\n' "${library##*/}" "${said%%$'\n'*}"
  if (( status == 0 )) || [[ $said != 'U1 broken by '* ]]; then
    printf 'it survives\n'
    (( ++survivors ))
  fi
done
(( survivors == 0 ))
