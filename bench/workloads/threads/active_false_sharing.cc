// Threads that each allocate a small block must not be given neighbours in one cache line.
#include "bench/workloads/threads/false_sharing.h"

namespace breakproof::bench {

std::uint64_t RunWorkload(const Parameters& parameters) {
  return SumOverThreads(kSharingThreads, [&](int) { return WriteAgainAndAgain(nullptr, parameters.iterations); });
}

}  // namespace breakproof::bench
