// The smallest failing case known so far, and the trying of others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_set>
#include <utility>
#include <vector>

#include "harness/minimize/minimize.h"

namespace breakproof::harness {

class Search {
 public:
  // `c` fails. References must outlive this object.
  Search(Case c, const StillFails& still_fails, const MinimizeLimits& limits);

  const Case& best() const { return best_; }
  std::size_t size() const { return best_.operations.size(); }
  bool IsOver() const;

  // The candidate becomes the best if it still fails. What was tried before is not run again, and a candidate that
  // costs seconds is not run at all.
  bool Try(Case candidate);

  // The best case, changed by a function that is given it.
  template <typename Change>
  bool TryChange(Change change) {
    Case candidate = best_;
    change(candidate);
    return Try(std::move(candidate));
  }

  // Back to a case that was the best before.
  void Restore(Case c) { best_ = std::move(c); }

 private:
  Case best_;
  const StillFails& still_fails_;
  const MinimizeLimits& limits_;
  std::chrono::steady_clock::time_point deadline_;
  std::uint64_t tries_ = 0;
  std::unordered_set<std::uint64_t> holding_;  // hashes of cases that did not fail
};

// The passes. Each returns whether the best case became better.

// Fewer operations.
using Positions = std::vector<std::size_t>;
// Leaves out whole sets of operations: stretches of sets of ever smaller length, from the last set to the first.
// `finest`: sets in the shortest stretch.
bool RemoveSets(Search& search, const std::vector<Positions>& sets, std::size_t finest = 1);
bool RemoveOperations(Search& search);
bool RemoveCoarsely(Search& search);  // large pieces of long cases; whether it is still long
// A while of the clock in place of many operations that only took their time.
bool LetTimePass(Search& search);
// Larger sizes make fewer operations do: a class with room for seven blocks is full sooner than one for thousands.
bool Concentrate(Search& search);

// Whatever surrounds operations: a kernel that does its duty, one thread.
bool CalmKernel(Search& search);
bool JoinThreads(Search& search);

// Plain entry points, small and plain numbers.
bool SimplifyArguments(Search& search);

// The values that explain most, in rising order.
inline constexpr std::uint64_t kPlainValues[] = {0,   1,   8,   16,   24,   32,    64,     100,
                                                 128, 256, 512, 1024, 4096, 65536, 131072, 1048576};

}  // namespace breakproof::harness
