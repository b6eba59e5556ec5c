#!/usr/bin/env bash
# corpus_zip.sh OUTPUT [FILE...]: one archive of a seed corpus, file names only, reproducible.
set -euo pipefail
output=$(realpath -m "$1")
shift
if (( $# == 0 )); then
  printf 'PK\005\006%018d' 0 | tr 0 '\000' > "$output"  # zip's own form of an empty archive
else
  zip --quiet --junk-paths -X "$output" "$@"
fi
