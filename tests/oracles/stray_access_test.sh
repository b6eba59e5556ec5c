#!/usr/bin/env bash
# stray_access_test.sh STRAY_ACCESS: it is stopped for each of its habits, and passes without any.
set -euo pipefail

"./$1" none
for habit in lowered unmapped before; do
  if output=$("./$1" "$habit" 2>&1); then
    echo "an access to memory that is not mapped ($habit) was not noticed"
    exit 1
  fi
  if [[ $output != *use-after-poison* ]]; then
    echo "an access to memory that is not mapped ($habit) was stopped for something else: $output"
    exit 1
  fi
done
