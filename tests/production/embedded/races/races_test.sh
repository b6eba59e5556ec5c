#!/usr/bin/env bash
# Under ThreadSanitizer the allocator as it is must be silent, and each patched one be told of a data race:
# races_test.sh TWIN MUTANT...
set -uo pipefail

twin=$1
shift

if ! said=$("$twin" 2>&1); then
  printf 'the allocator as it is fails:\n%s\n' "$said"
  exit 1
fi

survivors=0
for mutant in "$@"; do
  # The first report is enough.
  said=$(TSAN_OPTIONS=halt_on_error=1 "$mutant" 2>&1)
  if grep -q 'WARNING: ThreadSanitizer: data race' <<< "$said"; then
    printf '%-28s %s\n' "${mutant##*/}" "$(sed -n 's/^SUMMARY: .*) in /race in /p' <<< "$said")"
  else
    printf '%s: no data race is reported\n%s\n' "${mutant##*/}" "$said"
    (( ++survivors ))
  fi
done
(( survivors == 0 ))
