#include "harness/minimize/search.h"

#include <algorithm>

namespace breakproof::harness {
namespace {

using Clock = std::chrono::steady_clock;

// A request that may well be served, by touching so much memory that one try takes seconds. On the way
// down from an absurd size such values explain nothing that smaller ones do not.
bool IsCostly(const Operation& operation) {
  if (operation.kind != OperationKind::kCall) return false;
  const unsigned __int128 bytes = static_cast<unsigned __int128>(operation.size) * operation.count;
  return bytes > (64ull << 20) && bytes < (1ull << 40);
}

// Costly operations that the candidate has and the best case has not.
bool IsCostlier(const Case& candidate, const Case& best) {
  const auto costly = [](const Case& c) { return std::ranges::count_if(c.operations, IsCostly); };
  return costly(candidate) > costly(best);
}

std::uint64_t HashOf(const Case& c) {
  std::uint64_t hash = 0;
  const auto add = [&hash](std::uint64_t value) {
    hash = (hash ^ value) * 0x9e3779b97f4a7c15;
    hash ^= hash >> 29;
  };
  for (const Operation& operation : c.operations) {
    add(static_cast<std::uint64_t>(operation.kind) | static_cast<std::uint64_t>(operation.entry) << 8 |
        std::uint64_t{operation.thread} << 16 | static_cast<std::uint64_t>(operation.option) << 24 |
        std::uint64_t{operation.call_type} << 32 | static_cast<std::uint64_t>(operation.content) << 40);
    add(std::uint64_t{operation.result} << 32 | operation.argument);
    add(operation.size);
    add(operation.count);
    add(operation.alignment);
  }
  for (const char character : PrintEnvironment(c.environment)) add(static_cast<unsigned char>(character));
  return hash;
}

}  // namespace

Search::Search(Case c, const StillFails& still_fails, const MinimizeLimits& limits)
    : best_(std::move(c)), still_fails_(still_fails), limits_(limits), deadline_(Clock::now() + limits.time) {}

bool Search::IsOver() const { return Clock::now() >= deadline_ || (limits_.stop != nullptr && *limits_.stop); }

bool Search::Try(Case candidate) {
  if (IsOver() || candidate.operations.empty() || IsCostlier(candidate, best_)) return false;
  if (candidate.operations == best_.operations && candidate.environment == best_.environment) return false;
  const std::uint64_t hash = HashOf(candidate);
  if (holding_.contains(hash)) return false;
  const bool fails = still_fails_(candidate);
  if (fails) {
    best_ = std::move(candidate);
  } else {
    holding_.insert(hash);
  }
  ++tries_;
  if (limits_.on_try) limits_.on_try({best_, tries_, fails});
  return fails;
}

}  // namespace breakproof::harness
