// Makes a failing case small while it keeps breaking the same rule.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>

#include "harness/case/case.h"

namespace breakproof::harness {

// Whether a case still fails as it should. Must be deterministic for the result to replay.
using StillFails = std::function<bool(const Case&)>;

struct MinimizeLimits {
  std::chrono::milliseconds time{10000};
  const std::atomic<bool>* stop = nullptr;  // set from outside: return the best so far
};

// Removes operations, joins threads, and makes sizes small and plain, until nothing more can go or the
// limits are reached. `c` must fail; what is returned does, and its slots are named afresh.
Case Minimize(const Case& c, const StillFails& still_fails, const MinimizeLimits& limits);

}  // namespace breakproof::harness
