// Proves the theorems about the reference allocator and prints each, with its counts.
// `--blocks=3` sets the largest number of blocks and mappings in a state, `--theorem=R8` proves one; `--state=2,1` takes
// the states of 2 blocks and 1 mapping only.
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
    } else if (int blocks, mappings; std::sscanf(argv[i], "--state=%d,%d", &blocks, &mappings) == 2) {
      settings.only_state = {blocks, mappings};
    } else {
      std::fprintf(stderr, "usage: %s [--blocks=N] [--theorem=ID] [--state=BLOCKS,MAPPINGS]\n", argv[0]);
      return 2;
    }
  }
  return breakproof::model::reference::ProveAll(settings) ? 0 : 1;
}
