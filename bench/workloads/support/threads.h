// Runs the same function on several threads at once.
#pragma once

#include <pthread.h>

#include <cstdint>

#include "bench/workloads/support/workload.h"

namespace breakproof::bench {

inline constexpr int kMostThreads = 16;

// work(i) on thread i for 0 <= i < count, all started before any is waited for; the sum of what they returned.
template <typename Work>
std::uint64_t SumOverThreads(int count, const Work& work) {
  struct Start {
    const Work* work;
    int index;
    std::uint64_t sum;
  } starts[kMostThreads];
  pthread_t threads[kMostThreads];
  if (count > kMostThreads) Fail("more threads than there is room for");
  for (int i = 0; i < count; ++i) {
    starts[i] = {&work, i, 0};
    const auto run = [](void* argument) -> void* {
      Start* const start = static_cast<Start*>(argument);
      start->sum = (*start->work)(start->index);
      return nullptr;
    };
    if (pthread_create(&threads[i], nullptr, run, &starts[i]) != 0) Fail("cannot start a thread");
  }
  std::uint64_t sum = 0;
  for (int i = 0; i < count; ++i) {
    pthread_join(threads[i], nullptr);
    sum += starts[i].sum;
  }
  return sum;
}

}  // namespace breakproof::bench
