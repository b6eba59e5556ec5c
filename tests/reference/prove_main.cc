// Proves the theorems about the reference allocator and prints each, with its counts.
// `--blocks=3` sets the largest number of blocks and mappings in a state, `--theorem=R8` proves one.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/reference/prove_all.h"

int main(int argc, char** argv) {
  breakproof::model::reference::ProofSettings settings;
  for (int i = 1; i < argc; ++i) {
    if (std::strncmp(argv[i], "--blocks=", 9) == 0) {
      settings.largest = std::atoi(argv[i] + 9);
    } else if (std::strncmp(argv[i], "--theorem=", 10) == 0) {
      settings.only = argv[i] + 10;
    } else {
      std::fprintf(stderr, "usage: %s [--blocks=N] [--theorem=ID]\n", argv[0]);
      return 2;
    }
  }
  return breakproof::model::reference::ProveAll(settings) ? 0 : 1;
}
