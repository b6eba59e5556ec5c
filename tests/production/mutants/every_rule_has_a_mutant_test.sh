#!/usr/bin/env bash
# every_rule_has_a_mutant_test.sh RULEBOOK KILL_TABLE ZOO RULE...
# Every rule of the book is the first of a mutant of the kill table, that of one of the zoo, or named.
set -uo pipefail

rulebook=$1 kill_table=$2 zoo=$3
shift 3

killed_by=$(printf '%s\n' "$@"
            grep -v '^#' "$kill_table" | awk '{ sub("/.*", "", $2); print $2 }'
            cut -f3 "$zoo")
rules=0 bare=0
while read -r rule; do
  (( ++rules ))
  grep -qx "$rule" <<< "$killed_by" && continue
  printf '%s has no mutant\n' "$rule"
  (( ++bare ))
done < <(grep -o 'RuleText{RuleId::k[A-Z0-9]*' "$rulebook" | sed 's/.*::k//')
printf '%d rules, %d without a mutant\n' "$rules" "$bare"
(( rules > 0 && bare == 0 ))
