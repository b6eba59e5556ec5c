#!/usr/bin/env bash
# Several files at a time by both compilers: the same object files, a program that runs.
set -e
for (( n = 0; n < 4; ++n )); do
  cat >part$n.cc <<SOURCE
#include <algorithm>
#include <functional>
#include <map>
#include <regex>
#include <string>
#include <unordered_map>
#include <vector>
template <int N> struct Deep { static unsigned value(unsigned x) { return Deep<N - 1>::value(x * 31 + N); } };
template <> struct Deep<0> { static unsigned value(unsigned x) { return x; } };
unsigned part$n(unsigned x) {
  std::map<std::string, std::vector<unsigned>> table;
  std::unordered_map<int, std::function<unsigned(unsigned)>> functions;
  for (unsigned i = 0; i < 100; ++i) {
    table[std::to_string(i * x % 17)].push_back(Deep<$(( 100 + n ))>::value(i));
    functions[i] = [i](unsigned y) { return i * y + $n; };
  }
  const std::regex digits("[0-9]+");
  unsigned sum = 0;
  for (auto& [name, list] : table) {
    std::sort(list.begin(), list.end());
    if (std::regex_match(name, digits)) sum += list.front() + functions[list.size() % 100](list.back() % 100);
  }
  return sum;
}
SOURCE
done
{
  for (( n = 0; n < 4; ++n )); do echo "unsigned part$n(unsigned);"; done
  echo '#include <cstdio>'
  echo 'int main() {'
  for (( n = 0; n < 4; ++n )); do printf '%s\n' "std::printf(\"%u\\n\", part$n($n + 3));"; done
  echo '}'
} >main.cc
for compiler in clang++-19 g++; do
  mkdir "$compiler"
  for source in *.cc; do echo "$source"; done |
    xargs -P 4 -I '{}' "$compiler" -std=c++17 -O2 -c '{}' -o "$compiler/{}.o"
  sha256sum "$compiler"/*.o
  "$compiler" "$compiler"/*.o -o "$compiler/program"
  "./$compiler/program"
done
