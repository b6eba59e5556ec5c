#!/usr/bin/env bash
# orders_test.sh MUTANT...: each MUTANT, hostile_test over an allocator that orders its stores wrongly, must call a legal
# call misuse. It takes two threads at the right moment: each is given several chances.
set -uo pipefail

readonly kTries=40
survivors=0
for mutant in "$@"; do
  for (( try = 1; try <= kTries; ++try )); do
    said=$(ulimit -c 0; "$mutant" 2>&1)
    [[ $said != *'breakproof: '*' of a block that is free'* ]] || break
  done
  if (( try <= kTries )); then
    printf '%-28s %s (try %d)\n' "${mutant##*/}" "$(grep -m1 -o 'breakproof: .*' <<< "$said")" "$try"
  else
    printf '%s survives\n' "${mutant##*/}"
    (( ++survivors ))
  fi
done
(( survivors == 0 ))
