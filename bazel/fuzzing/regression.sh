#!/usr/bin/env bash
# Runs a fuzz target once over its seed corpus: regression.sh --target=BIN [--corpus='FILE FILE ...'].
set -euo pipefail

target=
corpus=()
for argument in "$@"; do
  case "$argument" in
    --target=*) target=${argument#*=} ;;
    --corpus=*) read -r -a corpus <<< "${argument#*=}" ;;
    *) echo "regression.sh: unknown argument $argument" >&2; exit 1 ;;
  esac
done

empty_input=$(mktemp)
trap 'rm -f "$empty_input"' EXIT
# The empty input too: a target must survive it, and a target without a corpus is run at least once.
"./$target" "$empty_input" "${corpus[@]}"
echo "$(( ${#corpus[@]} + 1 )) inputs ran"
