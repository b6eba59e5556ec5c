#!/usr/bin/env bash
# statistics_test.sh LIBRARY PROGRAM: malloc_info is XML whose sums are right, malloc_stats is glibc's table.
set -euo pipefail

LD_PRELOAD=$PWD/$1 BREAKPROOF_EXPECTED=1 "$2" >"$TEST_TMPDIR/info.xml" 2>"$TEST_TMPDIR/stats.txt" || {
  cat "$TEST_TMPDIR/stats.txt"
  exit 1
}

/usr/bin/python3 - "$TEST_TMPDIR/info.xml" <<'PYTHON'
import sys
import xml.etree.ElementTree as ElementTree

root = ElementTree.parse(sys.argv[1]).getroot()
assert root.tag == "malloc" and root.get("version") == "1", root.tag
heap = root.find("heap")
sizes = [{name: int(value) for name, value in size.attrib.items()} for size in heap.iter("size")]
assert sizes, "no free blocks at all"
for size in sizes:
    assert size["from"] <= size["to"] and size["total"] == size["to"] * size["count"], size
current = int(heap.find("system[@type='current']").get("size"))
most = int(heap.find("system[@type='max']").get("size"))
free = sum(int(total.get("size")) for total in heap.iter("total"))
assert sum(size["total"] for size in sizes) <= free <= current <= most, (free, current, most)
assert root.find("total[@type='mmap']").get("count") == "0"
PYTHON

numbers='= +[0-9]+$'
[[ $(grep -cE "$numbers" "$TEST_TMPDIR/stats.txt") == 6 ]]
[[ $(grep -cE '^(system bytes|in use bytes|max mmap regions|max mmap bytes) +='  "$TEST_TMPDIR/stats.txt") == 6 ]]
grep -qE '^max mmap regions = +1$' "$TEST_TMPDIR/stats.txt"
