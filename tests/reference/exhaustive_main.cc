// Prints what an exhaustive search of the reference allocator covered; fails on a violation.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/reference/search.h"

int main(int argc, char** argv) {
  breakproof::model::reference::SearchSettings settings;
  for (int i = 1; i < argc; ++i) {
    if (std::strncmp(argv[i], "--depth=", 8) == 0) {
      settings.depth = std::atoi(argv[i] + 8);
    } else if (std::strcmp(argv[i], "--few-operations") == 0) {
      settings.all_operations = false;
    } else {
      std::fprintf(stderr, "usage: %s [--depth=N] [--few-operations]\n", argv[0]);
      return 2;
    }
  }
  const auto result = breakproof::model::reference::Search(settings);
  std::printf("%s\n", Sentence(result).c_str());
  return result.violation.empty() && result.transitions > 0 ? 0 : 1;
}
