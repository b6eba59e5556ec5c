#!/bin/sh
# The textbook program works, and reports a refused call instead of going on.
set -eu
expected="10 pages of 4096 bytes, sum of the bytes 225280"
actual=$("$1")
[ "$actual" = "$expected" ] || { echo "got: $actual"; exit 1; }

if message=$("$1" 1000000000000 2>&1); then echo "4 PB were granted"; exit 1; fi
[ "$message" = "mmap: Cannot allocate memory" ] || { echo "got: $message"; exit 1; }
