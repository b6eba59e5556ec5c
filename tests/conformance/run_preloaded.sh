#!/usr/bin/env bash
# run_preloaded.sh LIBRARY ours|both PROGRAM [NAME=VALUE...] -- [ARGUMENT...]
# Runs the program with the library preloaded; with "both" on the system's malloc first.
set -euo pipefail

library=$PWD/$1 which=$2 program=$PWD/$3
shift 3
environment=()
while [[ $1 != -- ]]; do
  environment+=("$1")
  shift
done
shift

if [[ $which == both ]]; then
  env BREAKPROOF_EXPECTED=0 "${environment[@]}" "$program" "$@"
fi
env BREAKPROOF_EXPECTED=1 LD_PRELOAD="$library" "${environment[@]}" "$program" "$@"
