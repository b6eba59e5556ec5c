#!/usr/bin/env bash
# Runs one fuzz target under libFuzzer. `bazel run --config=asan-libfuzzer //fuzz:NAME_run -- --help` explains.
set -euo pipefail

name= target= dict= max_len=4096
corpus=()
timeout_secs=0 clean=0 regression=0 help=0
output_root=${TMPDIR:-/tmp}/fuzzing
engine_flags=()

while (( $# > 0 )); do
  case "$1" in
    --name=*) name=${1#*=} ;;
    --target=*) target=${1#*=} ;;
    --corpus=*) read -r -a corpus <<< "${1#*=}" ;;
    --dict=*) dict=${1#*=} ;;
    --max_len=*) max_len=${1#*=} ;;
    --timeout_secs=*) timeout_secs=${1#*=} ;;
    --timeout_secs) timeout_secs=${2:?--timeout_secs needs a number}; shift ;;
    --fuzzing_output_root=*) output_root=${1#*=} ;;
    --fuzzing_output_root) output_root=${2:?--fuzzing_output_root needs a folder}; shift ;;
    --clean) clean=1 ;;
    --noclean) clean=0 ;;
    --regression) regression=1 ;;
    --noregression) regression=0 ;;
    --help) help=1 ;;
    --) shift; engine_flags=("$@"); break ;;
    *) echo "$name: unknown flag $1; --help lists them" >&2; exit 1 ;;
  esac
  shift
done

if (( help )); then
  cat <<END
bazel run --config=asan-libfuzzer //...:${name}_run -- [FLAGS] [-- LIBFUZZER_FLAGS]
  --timeout_secs=N            stop after N seconds (0, the default: never)
  --clean                     forget the corpus that earlier runs grew
  --regression                run the corpus once instead of fuzzing
  --fuzzing_output_root=DIR   where corpus and artifacts are kept (default $output_root)
END
  exit 0
fi
if [[ ! $timeout_secs =~ ^[0-9]+$ ]]; then
  echo "$name: --timeout_secs is '$timeout_secs', but must be a number of seconds" >&2
  exit 1
fi

# A relative folder is meant relative to where `bazel run` was called.
[[ $output_root == /* ]] || output_root=${BUILD_WORKING_DIRECTORY:-$PWD}/$output_root
output=$output_root/$name
if (( clean )); then rm -rf "$output"; fi
mkdir -p "$output/corpus" "$output/artifacts"

if (( regression )); then
  mapfile -t grown < <(find "$output/corpus" -type f)
  exec "./$target" "${corpus[@]}" "${grown[@]}"
fi
if [[ $("./$target" -help=1 2>&1 || true) != *max_total_time* ]]; then
  echo "$name: built without a fuzzing engine; add --config=asan-libfuzzer to bazel run" >&2
  exit 1
fi

seeds=$output/seeds
rm -rf "$seeds"
mkdir -p "$seeds"
for file in "${corpus[@]}"; do cp -L "$file" "$seeds/"; done
flags=("-max_total_time=$timeout_secs" "-max_len=$max_len" "-artifact_prefix=$output/artifacts/" -timeout=25)
[[ -z $dict ]] || flags+=("-dict=$dict")
# `bazel run` starts us in our own runfiles, which hold the target's too; it makes no others.
export RUNFILES_DIR=${RUNFILES_DIR:-$(dirname "$PWD")}
echo "$name: corpus in $output/corpus, artifacts in $output/artifacts"
exec "./$target" "${flags[@]}" "${engine_flags[@]}" "$output/corpus" "$seeds"
