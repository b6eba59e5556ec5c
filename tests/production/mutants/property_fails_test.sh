#!/usr/bin/env bash
# The property must fail on the mutant, name the rule, and print what makes it fail again.
set -uo pipefail

fails() {
  local output
  output=$(RC_PARAMS=$1 "$program" 2>&1) && { printf 'the property holds on the mutant with %s\n' "$1"; exit 1; }
  printf '%s\n' "$output"
}

program=$1
first=$(fails 'max_success=4000 seed=7')
grep -q 'rule [HK][0-9]* broken' <<< "$first" || { printf 'no rule is named:\n%s\n' "$first"; exit 1; }
counterexample=$(grep -o 'reproduce=[^"]*' <<< "$first") || { printf 'it cannot be reproduced:\n%s\n' "$first"; exit 1; }
fails "$counterexample" > /dev/null
printf '%s\n' "$first"
