#!/usr/bin/env bash
# Merges lcov tracefiles for `bazel coverage`, in both of the roles in which Bazel calls its merger:
#   one test:   --coverage_dir=DIR --output_file=FILE    (every *.dat below DIR)
#   all tests:  --reports_file=LIST --output_file=FILE   (every file named in LIST)
# lcov tracefiles may repeat a source file, so appending them is a merge that genhtml understands.
set -euo pipefail

inputs=()
output=
for argument in "$@"; do
  case "$argument" in
    --coverage_dir=*) mapfile -t inputs < <(find "${argument#*=}" -name '*.dat' ! -name _coverage.dat -size +0) ;;
    --reports_file=*) mapfile -t inputs < "${argument#*=}" ;;
    --output_file=*) output=${argument#*=} ;;
  esac
done
if [[ -z $output ]]; then
  echo "merge_lcov.sh: --output_file is missing" >&2
  exit 1
fi
if (( ${#inputs[@]} > 0 )); then
  cat -- "${inputs[@]}" > "$output"
else
  : > "$output"
fi
