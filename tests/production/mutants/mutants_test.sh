#!/usr/bin/env bash
# Compares the kill table as it is with the one on record: mutants_test.sh SCRIPT TABLE PROGRAM...
# The mutants must be the same, and each killed by a rule on record for it (H1/H7: which of them comes first depends on
# the cases that are generated). How many operations a kill takes may change.
set -uo pipefail

script=$1 table=$2
shift 2

now=$("$script" "$@")
printf '%s\n\n' "$now"

declare -A on_record
while read -r mutant rules _; do
  [[ $mutant == '#' ]] || on_record[$mutant]=$rules
done < "$table"

complaints=0
complain() { printf '%s\n' "$1"; (( ++complaints )); }

while read -r mutant rule _; do
  [[ $mutant != '#' ]] || continue
  expected=${on_record[$mutant]:-}
  unset "on_record[$mutant]"
  if [[ -z $expected ]]; then
    complain "$mutant is not in the table"
  elif [[ $rule == none && $mutant != unpatched ]]; then
    complain "$mutant survives"
  elif [[ /$expected/ != */"$rule"/* ]]; then
    complain "$mutant breaks $rule first, on record is $expected"
  fi
done <<< "$now"
for mutant in "${!on_record[@]}"; do complain "$mutant is in the table, but was not run"; done
(( complaints == 0 ))
