#!/usr/bin/env bash
# Installs everything that building, testing and fuzzing breakproof needs, from Debian's packages.
# Idempotent: when nothing is missing it says so and returns at once, without root and without network.
set -euo pipefail

# One package a line, with what it is for.
packages=(
  # build
  bazel-bootstrap bazel-rules-cc bazel-rules-java
  clang-19 libclang-rt-19-dev llvm-19
  g++ libc6-dev zip unzip python3 patch
  # libraries
  librapidcheck-dev libgtest-dev libgmock-dev libbenchmark-dev libz3-dev
  nlohmann-json3-dev libcli11-dev libmd-dev
  # programs that run with the library preloaded (tests/programs); redis-server's program file is in redis-tools
  git perl sqlite3 nodejs redis-tools libpython3.11-testsuite
  # allocators that the tests and benchmarks compare with (Scudo comes with libclang-rt-19-dev)
  libjemalloc2 libmimalloc2.0 libtcmalloc-minimal4 libtbbmalloc2
  # looks at the HTML report as a reader does, and at a case as a person who debugs it
  chromium gdb
  # the allocator is compiled and linked for aarch64 too (it is not run there)
  libc6-dev-arm64-cross lld-19
  # counts instructions for the benchmarks where the processor's counter is not available
  valgrind
)

die() { printf 'setup.sh: %s\n' "$1" >&2; exit 1; }

system=$(. /etc/os-release 2>/dev/null && printf '%s %s' "${ID:-unknown}" "${VERSION_ID:-}") || system=unknown
[[ $system == "debian 12" && $(uname -m) == x86_64 ]] ||
  die "this system is '$system' on $(uname -m), but breakproof is set up on Debian 12, x86-64 only; use such a machine or container."

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null) || status=none
  [[ $status == installed ]] || missing+=("$package")
done
if (( ${#missing[@]} == 0 )); then
  echo "setup.sh: nothing to do, all ${#packages[@]} packages are installed"
  exit 0
fi

as_root=()
if (( EUID != 0 )); then
  command -v sudo >/dev/null || die "installing ${missing[*]} needs root: run as root, or install sudo."
  as_root=(sudo)
fi
echo "setup.sh: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq || die "apt-get update failed; see the message above."
"${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
  die "apt-get could not install ${missing[*]}; see the message above."
echo "setup.sh: done"
