// Neighbours that one thread made and others free must not come back to those others as neighbours.
#include "bench/workloads/threads/false_sharing.h"

namespace breakproof::bench {

std::uint64_t RunWorkload(const Parameters& parameters) {
  void* given[kSharingThreads];
  for (void*& block : given) block = NewBlock(kSharedSize, parameters.seed);
  return SumOverThreads(kSharingThreads,
                        [&](int thread) { return WriteAgainAndAgain(given[thread], parameters.iterations); });
}

}  // namespace breakproof::bench
