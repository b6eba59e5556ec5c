#!/usr/bin/env bash
# run_programs.sh LIBRARY SHORT_THREADS [--short] [WORKLOAD...]
# Runs real programs without and with the library preloaded: output and exit code must be the same. Each workload is a
# script of this folder; it runs in a folder of its own and prints what can be compared. --short: less of each, and
# without those that take minutes.
set -uo pipefail

die() { printf 'run_programs: %s\n' "$1" >&2; exit 11; }

(( $# >= 2 )) || die "usage: run_programs.sh LIBRARY SHORT_THREADS [--short] [WORKLOAD...]"
library=$(realpath "$1")
export SHORT_THREADS; SHORT_THREADS=$(realpath "$2")
export SHORT=
shift 2
workloads=()
for argument in "$@"; do
  case $argument in
    --short) SHORT=1 ;;
    -*) die "there is no option $argument" ;;
    *) workloads+=("$argument") ;;
  esac
done
folder=$(dirname "${BASH_SOURCE[0]}")/workloads
[[ -d $folder ]] || folder=tests/programs/workloads  # Bazel starts it by another name
folder=$(realpath "$folder")
if (( ${#workloads[@]} == 0 )); then
  for path in "$folder"/*.sh; do
    name=$(basename "$path" .sh)
    [[ $SHORT && $name == @(python3_tests|redis|compile) ]] || workloads+=("$name")
  done
fi

scratch=$(mktemp -d "${TEST_TMPDIR:-${TMPDIR:-/tmp}}/run_programs.XXXXXX") || die "no folder for scratch files"
trap 'rm -rf "$scratch"' EXIT

# Where other users can read it: python3's tests run children as nobody, for whom the linker would warn on stderr.
chmod 755 "$scratch"
install -m 755 "$library" "$scratch/preloaded.so" || die "no room in $scratch"
library=$(realpath "$scratch/preloaded.so")

# A library that is not there is only a warning of the dynamic linker: nothing would be tested.
LD_PRELOAD=$library grep -q "$library" /proc/self/maps || die "$library cannot be preloaded"

# run NAME HOW: the workload in a fresh folder, always of the same name.
run() {
  local name=$1 how=$2
  rm -rf "$scratch/work"
  mkdir "$scratch/work" || die "no room in $scratch"
  (
    cd "$scratch/work" || exit
    [[ $how == ours ]] && export LD_PRELOAD=$library
    exec timeout 900 bash "$folder/$name.sh"
  ) >"$scratch/$name.$how.out" 2>"$scratch/$name.$how.err" </dev/null
  echo "exit code $?" >>"$scratch/$name.$how.out"
}

failed=0
for name in "${workloads[@]}"; do
  [[ -f $folder/$name.sh ]] || die "there is no workload $name"
  start=$SECONDS
  run "$name" system
  middle=$SECONDS
  run "$name" ours
  verdict=same
  if ! grep -qx "exit code 0" "$scratch/$name.system.out"; then
    verdict="FAILED without the library already"
    cat "$scratch/$name.system.out" "$scratch/$name.system.err"
  elif ! diff "$scratch/$name.system.out" "$scratch/$name.ours.out"; then
    verdict="DIFFERENT (< without, > with the library)"
    tail -n 20 "$scratch/$name.ours.err"
  elif grep -F "breakproof:" "$scratch/$name.ours.err"; then
    verdict="COMPLAINED"
  fi
  [[ $verdict == same ]] || failed=1
  printf '%-16s %4d s without, %4d s with: %s\n' "$name" $(( middle - start )) $(( SECONDS - middle )) "$verdict"
done
exit $(( failed ? 10 : 0 ))
