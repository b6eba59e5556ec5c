// Threads that allocate, free each other's blocks and end, on the real kernel: for ThreadSanitizer, which replaces
// malloc but not breakproof_malloc.
//
//   bazel test --config=tsan //tests/production/embedded:threads_test
#include <gtest/gtest.h>

#include <cstdint>
#include <thread>
#include <vector>

#include "tests/production/embedded/exchange.h"

namespace {

using breakproof::tests::Exchange;
using breakproof::tests::Work;

constexpr int kThreads = 4;     // at a time
constexpr int kGenerations = 24;  // of threads: what one leaves, a later one takes over
constexpr int kRounds = 1500;

TEST(Threads, FreeEachOthersBlocksAndEnd) {
  Exchange exchange;
  std::uint64_t seed = 1;
  for (int generation = 0; generation < kGenerations; ++generation) {
    std::vector<std::thread> threads;
    for (int thread = 0; thread < kThreads; ++thread) threads.emplace_back(Work, std::ref(exchange), seed++, kRounds);
    for (std::thread& thread : threads) thread.join();
  }
}

}  // namespace
