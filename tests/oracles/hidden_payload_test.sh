#!/usr/bin/env bash
# hidden_payload_test.sh NOSY_HEAP: it is stopped for each of its habits, and passes without any.
set -euo pipefail

"./$1" none
for habit in neighbour usable free; do
  if output=$("./$1" "$habit" 2>&1); then
    echo "a heap that reads payloads ($habit) was not noticed"
    exit 1
  fi
  if [[ $output != *use-after-poison* ]]; then
    echo "a heap that reads payloads ($habit) was stopped for something else: $output"
    exit 1
  fi
done
