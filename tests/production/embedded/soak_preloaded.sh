#!/usr/bin/env bash
# soak_preloaded.sh LIBRARY PROGRAM ARGUMENT...: the program with the library preloaded.
set -euo pipefail
library=$(realpath "$1")
program=$2
shift 2
LD_PRELOAD=$library exec "$program" "$@"
