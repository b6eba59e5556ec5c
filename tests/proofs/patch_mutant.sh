#!/usr/bin/env bash
# Writes one mutant: copies of headers and of a file of theorems, in a namespace and a folder of its own, with one
# text in one header replaced; and its registration. Called by mutants.bzl.
set -euo pipefail

name=$1 header=$2 original=$3 replacement=$4 refutes=$5 folder=$6
shift 6

die() { printf 'mutant %s: %s\n' "$name" "$1" >&2; exit 1; }

# The file's text, moved into the mutant's namespace and including the mutant's headers.
moved() {
  sed -e "s|^namespace breakproof::arithmetic {|namespace breakproof::arithmetic::$name {|" \
      -e "/arithmetic\/word.h/! s|^#include \"allocator/arithmetic/|#include \"tests/proofs/mutants/$name/|" "$1"
}

# Prints `text` with the one occurrence of `original` replaced.
patched() {
  local text=$1
  local rest=${text#*"$original"}
  [[ $rest != "$text" ]] || die "'$original' is not in $header"
  [[ $rest != *"$original"* ]] || die "'$original' is more than once in $header"
  printf '%s' "${text%"$original$rest"}$replacement$rest"
}

is_patched=false
for file in "$@"; do
  text=$(moved "$file")
  case $file in
    */"$header")
      patched "$text" > "$folder/$header"
      is_patched=true
      ;;
    *.h)
      printf '%s\n' "$text" > "$folder/${file##*/}"
      ;;
    *.cc)
      ids=$(printf '"%s", ' $refutes)
      printf '#define BREAKPROOF_SUBJECT "%s"\n%s\n\n' "$name" "$text" > "$folder/theorems.cc"
      printf 'const breakproof::proofs::Registration kMutant(breakproof::proofs::Mutant{\n    "%s", "%s", R"~(%s)~", R"~(%s)~", {%s}});\n' \
        "$name" "$header" "$original" "$replacement" "${ids%, }" >> "$folder/theorems.cc"
      ;;
  esac
done
$is_patched || die "there is no header $header"
