#!/usr/bin/env bash
# python3's own tests of lists, dicts, threads and child processes.
set -o pipefail
/usr/bin/python3 -m test -q test_list test_dict test_threading test_subprocess 2>&1 |
  grep -vE 'duration|load avg|[0-9] (sec|min)'
