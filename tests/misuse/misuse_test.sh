#!/usr/bin/env bash
# misuse_test.sh LIBRARY PROGRAM
# U1: every misuse that PROGRAM knows must end it with SIGABRT and exactly the sentence promised.
set -uo pipefail

library=$PWD/$1 program=$PWD/$2
readonly kAborted=134  # 128 + SIGABRT
listed=0 wrong=0
while read -r name sentence; do
  (( ++listed ))
  said=$(LD_PRELOAD=$library bash -c 'ulimit -c 0; "$0" "$1" 2>&1' "$program" "$name")
  status=$?
  # The shell that reports the abort may add a line of its own.
  if (( status != kAborted )) || [[ ${said%%$'\n'*} != "$sentence" ]]; then
    printf 'U1 broken by %s\n  expected  "%s"\n  actual    exit code %d, "%s"\n' "$name" "$sentence" "$status" "$said"
    (( ++wrong ))
  fi
done < <("$program")
printf '%d misuses, %d not detected as promised\n' "$listed" "$wrong"
(( listed > 0 && wrong == 0 ))
