#!/usr/bin/env bash
# Writes one source file that holds a patched allocator and the harness's view of it: make_subject.sh OUT PATCH SOURCE...
# The allocator's own headers are put where they are included, once each, so that no unpatched one can take their place.
set -euo pipefail

out=$1 patch_file=$2
shift 2

die() { printf 'mutant %s: %s\n' "$(basename "$patch_file" .patch)" "$1" >&2; exit 1; }

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
cp --parents --dereference "$@" "$tree"
chmod -R u+w "$tree"
if [[ $(basename "$patch_file") != unpatched.patch ]]; then
  log=$(patch --directory="$tree" --strip=1 --fuzz=1 --no-backup-if-mismatch --input="$PWD/$patch_file" 2>&1) ||
    die "the patch no longer applies; mend it, or replace it by a slip of today's code:
$log"
fi

declare -A included

# The file's text with the allocator's headers in place.
expand() {
  local line name
  while IFS= read -r line || [[ -n $line ]]; do
    if [[ $line == '#include "allocator/'* ]]; then
      name=${line#'#include "'}
      name=${name%'"'*}
      [[ -z ${included[$name]:-} ]] || continue
      included[$name]=1
      [[ -f $tree/$name ]] || die "$1 includes $name, which is not among the sources"
      expand "$name"
    elif [[ $line != '#pragma once' ]]; then
      printf '%s\n' "$line"
    fi
  done < "$tree/$1"
}

for source in "$@"; do
  [[ $source != *.cc ]] || expand "$source"
done > "$out"
