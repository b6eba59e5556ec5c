// The whole verification of the reference allocator: the exhaustive search on one core, the proofs on another.
#include <cstdio>
#include <ctime>
#include <thread>

#include "tests/reference/prove_all.h"
#include "tests/reference/search.h"

int main(int argc, char** argv) {
  using namespace breakproof::model::reference;  // NOLINT: a main file
  if (argc != 1) {
    std::fprintf(stderr, "usage: %s\n", argv[0]);
    return 2;
  }
  const std::time_t start = std::time(nullptr);
  SearchResult found;
  double search_seconds = 0;
  std::thread search([&] {
    found = Search({});
    search_seconds = ThreadSeconds();
  });
  const bool proved = ProveAll({});
  search.join();
  std::printf("Exhaustive search: %s, in %.1f s of processor time.\n", Sentence(found).c_str(), search_seconds);
  const bool held = found.violation.empty() && found.transitions > 0;
  std::printf("The reference allocator is %s: both together took %.1f s of processor time, and %lld s by the clock.\n",
              proved && held ? "verified" : "NOT VERIFIED", search_seconds + ThreadSeconds(),
              static_cast<long long>(std::time(nullptr) - start));
  return proved && held ? 0 : 1;
}
