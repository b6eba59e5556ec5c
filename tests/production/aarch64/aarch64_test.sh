#!/usr/bin/env bash
# Compiles and links the allocator for aarch64: aarch64_test.sh EXPORTS NAMES OPTION... -- SOURCE...
# Headers and libc are Debian's for cross-compiling; of the C++ library the allocator uses headers alone, which are the
# same for both.
set -uo pipefail

die() { printf '%s\n' "$1" >&2; exit 1; }

exports=$1 names=$2
shift 2
options=()
while [[ $1 != -- ]]; do options+=("$1"); shift; done
shift

readonly root=/usr/aarch64-linux-gnu
[[ -e $root/include/stdio.h ]] || die "the headers of aarch64 are missing: run ./setup.sh"
cxx=$(printf '%s\n' /usr/include/c++/* | sort -V | tail -1)

readonly compiler=(clang-19 --target=aarch64-linux-gnu -std=c++20 -O2 -fPIC -Wall -Wextra -Wshadow -Werror
  # Without this, atomics would call functions of the compiler's library.
  -mno-outline-atomics
  -nostdinc++ -isystem "$cxx" -isystem "/usr/include/x86_64-linux-gnu/c++/${cxx##*/}" -isystem "$root/include" -iquote .)

objects=()
for source in "$@"; do
  [[ $source == *.cc ]] || continue
  object=$TEST_TMPDIR/${source//\//_}.o
  "${compiler[@]}" "${options[@]}" -c "$source" -o "$object" || die "$source does not compile for aarch64"
  objects+=("$object")
done
(( ${#objects[@]} > 0 )) || die "no sources"

library=$TEST_TMPDIR/libbreakproof.so
ld.lld-19 -shared --no-undefined --as-needed --version-script="$exports" -o "$library" "${objects[@]}" \
  "$root/lib/libc.so.6" "$root/lib/libc_nonshared.a" "$root/lib/ld-linux-aarch64.so.1" || die "it does not link with libc alone"

header=$(llvm-readelf-19 --file-header --dynamic "$library")
grep -q 'Machine: *AArch64' <<< "$header" || die "not for aarch64: $header"
needed=$(sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' <<< "$header")
[[ $needed == libc.so.6 ]] || die "it needs something else than libc: $needed"
exported=$(llvm-readelf-19 --dyn-syms --demangle --wide "$library" |
  awk '$5 == "GLOBAL" && $7 != "UND" { $1 = $2 = $3 = $4 = $5 = $6 = $7 = ""; print substr($0, 8) }' | LC_ALL=C sort)
difference=$(diff <(grep -v '^#' "$names" | LC_ALL=C sort) - <<< "$exported") || die "other names are exported than on x86-64: $difference"
printf '%s objects, one library, %s names\n' "${#objects[@]}" "$(wc -l <<< "$exported")"
