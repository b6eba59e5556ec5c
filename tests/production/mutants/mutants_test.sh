#!/usr/bin/env bash
# Compares the kill table as it is with the one on record: mutants_test.sh SCRIPT TABLE PROGRAM...
# Mutants and rules must be the same; how many operations a kill takes changes with the cases that are generated.
set -uo pipefail

script=$1 table=$2
shift 2

mutants_and_rules() { grep -v '^#' | awk '{ print $1, $2 }' | sort; }

now=$("$script" "$@")
printf '%s\n\n' "$now"
if ! difference=$(diff <(mutants_and_rules < "$table") <(mutants_and_rules <<< "$now")); then
  printf 'Not as on record (<) but (>):\n%s\n' "$difference"
  exit 1
fi
if survivors=$(mutants_and_rules <<< "$now" | awk '$2 == "none" && $1 != "unpatched" { print; found = 1 } END { exit !found }'); then
  printf 'No rule was broken by:\n%s\n' "$survivors"
  exit 1
fi
