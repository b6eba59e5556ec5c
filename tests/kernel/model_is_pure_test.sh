#!/bin/sh
# model/ is a specification: it includes the C++ library and itself, nothing of the system, the harness or an
# allocator, and stays within its budget of lines (code only: no blank, comment, include or namespace lines).
set -eu
foreign=$(grep -hE '^#include' "$@" | grep -vE '^#include (<c?[a-z_]+>|"model/[a-z_/]+\.h")$' || true)
[ -z "$foreign" ] || { echo "foreign includes: $foreign"; exit 1; }

budget() { # folder, most lines
  count=0
  for file; do
    case "$file" in
      model/"$folder"/*) count=$((count + $(grep -cvE '^ *(//|$|#include|#pragma|}  // namespace|namespace)' "$file"))) ;;
    esac
  done
  echo "model/$folder: $count lines of code, budget $limit"
  [ "$count" -gt 0 ] && [ "$count" -le "$limit" ]
}
folder=break limit=150 && budget "$@"
folder=mapping limit=700 && budget "$@"
folder=contents limit=250 && budget "$@"
