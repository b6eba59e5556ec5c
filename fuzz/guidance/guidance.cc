#include "fuzz/guidance/guidance.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "harness/case/operation/operation_table.h"

namespace breakproof::fuzz {
namespace {

constexpr std::size_t kCounters = 1 << 15;

// Read in words by libFuzzer, hence the alignment.
alignas(64) __attribute__((section("__libfuzzer_extra_counters"), used)) std::uint8_t counters[kCounters];

std::uint64_t Mix(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

enum class Kind : std::uint64_t { kOperation, kSpans, kPair };

void Count(Kind kind, std::uint64_t feature) {
  std::uint8_t& counter = counters[Mix(feature << 2 | static_cast<std::uint64_t>(kind)) % kCounters];
  if (counter != UINT8_MAX) ++counter;
}

// Four to each power of two.
std::uint64_t SizeBucket(std::uint64_t size) {
  const auto magnitude = static_cast<std::uint64_t>(std::bit_width(size));
  const std::uint64_t quarter = magnitude < 3 ? 0 : size >> (magnitude - 3) & 3;
  return magnitude << 2 | quarter;
}

}  // namespace

void Guidance::CaseBegins() {
  before_ = 0;
  addresses_.fill(0);
}

bool Guidance::WasHandedOut(std::uint64_t address) {
  const std::uint64_t hash = Mix(address);
  const auto half = static_cast<std::uint32_t>(hash >> 32) | 1;  // not what nobody wrote
  return std::exchange(addresses_[hash % addresses_.size()], half) == half;
}

void Guidance::Saw(const harness::Observation& observation) {
  const harness::Operation& operation = observation.operation;
  const auto row = static_cast<std::uint64_t>(harness::RowIndexOf(operation));
  const bool assigns = harness::RowOf(operation).Assigns();
  const bool failed = assigns && observation.outcome.address == 0;
  const bool is_reused = assigns && !failed && WasHandedOut(observation.outcome.address);
  const std::uint64_t calls = std::min<std::uint64_t>(observation.kernel_calls, 3);
  const std::uint64_t what = row | calls << 6 | std::uint64_t{failed} << 8 | std::uint64_t{is_reused} << 9;
  Count(Kind::kOperation, what | SizeBucket(operation.size) << 10);
  if (observation.span_state != 0) Count(Kind::kSpans, row | observation.span_state << 6);
  Count(Kind::kPair, what | before_ << 10);
  before_ = what;
}

std::span<std::uint8_t> Counters() { return counters; }

}  // namespace breakproof::fuzz
