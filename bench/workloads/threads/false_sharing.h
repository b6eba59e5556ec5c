// Both false-sharing workloads: threads write small blocks of their own again and again. An allocator that gives
// neighbours in one cache line to different threads makes them wait for each other. After Berger's cache-scratch
// and cache-thrash.
#pragma once

#include "bench/workloads/support/block.h"
#include "bench/workloads/support/threads.h"

namespace breakproof::bench {

inline constexpr int kSharingThreads = 2;
inline constexpr std::size_t kSharedSize = 8;

// Frees the block given, if any, then takes, writes and frees blocks of its own.
inline std::uint64_t WriteAgainAndAgain(void* given, std::uint64_t iterations) {
  constexpr int kWrites = 400;
  std::free(given);
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < iterations; ++i) {
    volatile std::uint64_t* const word = static_cast<std::uint64_t*>(NotNull(std::malloc(kSharedSize)));
    *word = i;
    for (int j = 0; j < kWrites; ++j) *word = *word + 1;
    sum += *word;
    std::free(const_cast<std::uint64_t*>(word));
  }
  return sum;
}

}  // namespace breakproof::bench
