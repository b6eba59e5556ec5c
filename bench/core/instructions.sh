#!/usr/bin/env bash
# Instructions of a hot pair of malloc and free, by size and allocator, counted by callgrind:
#
#   bazel run //bench/core:instructions
#
# Each figure is the difference between two runs that differ in the number of pairs, divided by that number: what
# starts and ends the process falls out. The loop with its two calls, counted in the same way over functions that only
# return, is subtracted too: what is left are the instructions of the two functions, their returns among them.
# "core" is the library built without its checks for misuse, "ours" is what ships.
set -uo pipefail

die() { printf 'instructions: %s\n' "$1" >&2; exit 11; }

pair=$1 ours=$2 core=$3
readonly few=1000 many=21000
readonly sizes=(16 64 1024 4096 8192 16384 32768)
readonly debian=/usr/lib/x86_64-linux-gnu
readonly names=(core ours glibc jemalloc mimalloc tcmalloc)
readonly libraries=("$PWD/$core" "$PWD/$ours" "" "$debian/libjemalloc.so.2" "$debian/libmimalloc.so.2.0" "$debian/libtcmalloc_minimal.so.4")

command -v valgrind > /dev/null || die "valgrind is not installed: run ./setup.sh"
for library in "${libraries[@]}"; do
  [[ -z $library || -e $library ]] || die "$library is missing: run ./setup.sh"
done

# counted LIBRARY SIZE COUNT: instructions of the whole process.
counted() {
  local output
  output=$(LD_PRELOAD=$1 valgrind --tool=callgrind --callgrind-out-file=/dev/null "$pair" "$2" "$3" 2>&1) ||
    die "callgrind failed: $output"
  awk '/Collected :/ { print $4; found = 1 } END { exit !found }' <<< "$output" || die "callgrind printed no count: $output"
}

# for_each LIBRARY SIZE: instructions of one turn of the loop, in thousandths.
for_each() {
  local low high
  low=$(counted "$1" "$2" $few) || exit
  high=$(counted "$1" "$2" $many) || exit
  printf '%s' $(( (high - low) * 1000 / (many - few) ))
}

loop=$(for_each "" empty) || exit 11
loop=$(( loop - 2000 ))  # the two returns are not the loop's
printf 'instructions of a hot pair of malloc and free (the loop and its calls, %s, are subtracted)\n\n' \
  $(( (loop + 500) / 1000 ))
printf '%8s' bytes
printf '%10s' "${names[@]}"
printf '\n'

declare -A core_at ours_at
for size in "${sizes[@]}"; do
  printf '%8s' "$size"
  for i in "${!names[@]}"; do
    turn=$(for_each "${libraries[i]}" "$size") || exit 11
    count=$(( (turn - loop + 500) / 1000 ))
    [[ ${names[i]} != core ]] || core_at[$size]=$count
    [[ ${names[i]} != ours ]] || ours_at[$size]=$count
    printf '%10s' "$count"
  done
  printf '\n'
done

# What the allocator promises (allocator/README.md).
readonly most_of_core=40 most=50
broken=0
# promise NAME SIZE COUNT MOST
promise() {
  (( $3 <= $4 )) || { printf '\n%s at %s bytes: more than %s\n' "$1" "$2" "$4"; broken=1; }
}
for size in 16 64 1024; do
  promise core "$size" "${core_at[$size]}" $most_of_core
  promise ours "$size" "${ours_at[$size]}" $most
done
# No size over twice the pair of 16 bytes.
for size in "${sizes[@]}"; do
  promise core "$size" "${core_at[$size]}" $(( 2 * core_at[16] ))
  promise ours "$size" "${ours_at[$size]}" $(( 2 * ours_at[16] ))
done
exit $broken
