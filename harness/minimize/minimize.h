// Makes a failing case small while it keeps breaking the same rule.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>

#include "harness/case/case.h"

namespace breakproof::harness {

// Whether a case still fails as it should. Must be deterministic for the result to replay.
using StillFails = std::function<bool(const Case&)>;

// How far it is.
struct MinimizeProgress {
  const Case& best;          // fails
  std::uint64_t tries = 0;   // cases run so far
  bool is_better = false;    // than at the call before
};

struct MinimizeLimits {
  std::chrono::milliseconds time{10000};
  const std::atomic<bool>* stop = nullptr;  // set from outside: return the best so far
  std::function<void(const MinimizeProgress&)> on_try = {};  // called after every try, if set
};

// Removes operations (in stretches, by thread, by block, by what they have in common, at the same place of repeated
// rounds), makes larger sizes do with fewer of them, calms the kernel, joins threads, and makes numbers small, plain or
// else as small as the failure lets them, which is next to a boundary, until nothing more can go or the limits are
// reached. `c` must fail; what is returned does, and its slots are named afresh.
Case Minimize(const Case& c, const StillFails& still_fails, const MinimizeLimits& limits);

}  // namespace breakproof::harness
