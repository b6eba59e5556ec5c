#!/usr/bin/env bash
# exports_test.sh LIBRARY EXPORTED IMPORTED: the library exports and imports exactly the names listed, needs nothing but
# libc, and reaches its thread-local state without a call (initial-exec).
set -euo pipefail

library=$1 names=$2 imports=$3
failed=0
fail() { printf '%s\n' "$1" >&2; failed=1; }

exported=$(nm --dynamic --defined-only --extern-only --demangle "$library" | cut -d' ' -f3- | LC_ALL=C sort)
diff <(grep -v '^#' "$names") <(printf '%s\n' "$exported") >&2 || fail "exported names differ from $names (< listed, > exported)"

imported=$(nm --dynamic --undefined-only "$library" | awk '{ sub(/@.*/, "", $2); print $2 }' | LC_ALL=C sort)
diff <(grep -v '^#' "$imports") <(printf '%s\n' "$imported") >&2 || fail "imported names differ from $imports (< listed, > imported)"

needed=$(readelf --dynamic --wide "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
[[ $needed == libc.so.6 ]] || fail "needed: $needed"

readelf --dynamic --wide "$library" | grep -q STATIC_TLS || fail "thread-local state is not initial-exec"
! readelf --relocs --wide "$library" | grep -E 'DTPMOD|DTPOFF|TLSDESC' >&2 || fail "thread-local state by call"
exit "$failed"
