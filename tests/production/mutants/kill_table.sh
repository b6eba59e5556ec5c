#!/usr/bin/env bash
# Runs the mutants that are named as arguments, and prints the kill table: which rule of the ordinary checks was broken
# first, by which operation of the run, and how many operations the minimal case has.
set -uo pipefail

readonly operations=300000 seed=1

printf '# Mutants of the production allocator and what kills them, with seed %s and at most %s operations.\n' \
  "$seed" "$operations"
printf '# %-36s %-8s %10s %8s\n' mutant rule operations minimal
for program in "$@"; do
  name=${program##*/mutant_}
  line=$("$program" --operations=$operations --seed=$seed --brief 2>/dev/null)
  case $? in
    0 | 10) read -r rule killed_by minimal <<< "$line" ;;
    *) rule=none killed_by=did minimal=not-run ;;
  esac
  printf '%-38s %-8s %10s %8s\n' "$name" "$rule" "$killed_by" "$minimal"
done
