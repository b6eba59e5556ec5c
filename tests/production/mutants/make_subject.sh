#!/usr/bin/env bash
# Writes one source file that holds a patched allocator and the harness's view of it:
# make_subject.sh [--only=PREFIX] [--except=PREFIX [--and=PREFIX]] OUT PATCH SOURCE...
# Of the sources only those that begin with PREFIX, or all but those; --and names some that belong to it all the same.
# The allocator's own headers are put where they are included, once each, so that no unpatched one can take their place.
set -euo pipefail

only='' except='' and=''
while [[ $1 == --* ]]; do
  case $1 in
    --only=*) only=${1#*=} ;;
    --except=*) except=${1#*=} ;;
    --and=*) and=${1#*=} ;;
    *) printf 'make_subject.sh: unknown argument %s\n' "$1" >&2; exit 1 ;;
  esac
  shift
done
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

# The file's text with the headers of the allocator and of its tests in place.
expand() {
  local line name
  while IFS= read -r line || [[ -n $line ]]; do
    if [[ $line == '#include "allocator/'* || $line == '#include "tests/'* ]]; then
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

belongs() {
  [[ -z $and || $1 != "$and"* ]] || return 0
  [[ $1 == "$only"* && ( -z $except || $1 != "$except"* ) ]]
}

for source in "$@"; do
  [[ $source != *.cc ]] || ! belongs "$source" || expand "$source"
done > "$out"
