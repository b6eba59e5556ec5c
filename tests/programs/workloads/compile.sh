# Eight files at a time by both compilers: the same object files, a program that runs.
set -e
for (( n = 0; n < 8; ++n )); do
  cat >part$n.cc <<SOURCE
#include <algorithm>
#include <functional>
#include <map>
#include <regex>
#include <string>
#include <unordered_map>
#include <vector>
template <int N> struct Deep { static int value(int x) { return Deep<N - 1>::value(x * 31 + N); } };
template <> struct Deep<0> { static int value(int x) { return x; } };
int part$n(int x) {
  std::map<std::string, std::vector<int>> table;
  std::unordered_map<int, std::function<int(int)>> functions;
  for (int i = 0; i < 100; ++i) {
    table[std::to_string(i * x % 17)].push_back(Deep<$(( 100 + n ))>::value(i));
    functions[i] = [i](int y) { return i * y + $n; };
  }
  const std::regex digits("[0-9]+");
  int sum = 0;
  for (auto& [name, list] : table) {
    std::sort(list.begin(), list.end());
    if (std::regex_match(name, digits)) sum += list.front() + functions[list.size()](list.back() % 100);
  }
  return sum;
}
SOURCE
done
{
  for (( n = 0; n < 8; ++n )); do echo "int part$n(int);"; done
  echo '#include <cstdio>'
  echo 'int main() {'
  for (( n = 0; n < 8; ++n )); do echo "std::printf(\"%d\\n\", part$n($n + 3));"; done
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
