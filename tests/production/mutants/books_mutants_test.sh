#!/usr/bin/env bash
# books_mutants_test.sh [PROGRAM COMPLAINT]...: each PROGRAM, the adversary over a patched allocator, must end with the
# sequence of calls that shows the slip, and with COMPLAINT; //tests/production/adversary runs on the allocator as it is.
set -uo pipefail

readonly kBroken=10
survivors=0
while (( $# >= 2 )); do
  said=$("$1" 2>&1)
  status=$?
  if (( status != kBroken )) || [[ $said != *": $2"* ]]; then
    printf '%s: exit code %d\n%s\n' "${1##*/}" "$status" "$said"
    (( ++survivors ))
  else
    printf '%s:\n%s\n' "${1##*/}" "$(sed -n '/: /,$p' <<< "$said")"
  fi
  shift 2
done
(( survivors == 0 ))
