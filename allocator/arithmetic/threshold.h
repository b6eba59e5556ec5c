// The mapping threshold: from which size on a request gets a mapping of its own, and how that
// adapts.
//
// A mapping that is freed shows that blocks of its size come and go, so its size should be served
// from the heap: the threshold rises to twice that, since what comes and goes is seldom all of one size, and a block
// that grows by realloc was longer a moment ago. All values are bytes.
#pragma once

#include <cstdint>

#include "allocator/arithmetic/alignment.h"
#include "allocator/arithmetic/word.h"

namespace breakproof::arithmetic {

inline constexpr std::uint64_t kInitialThreshold = std::uint64_t{128} << 10;
// Adaptation stops here; mallopt may go further.
inline constexpr std::uint64_t kMaxAdaptedThreshold = std::uint64_t{32} << 20;

// The trim threshold adapts up to here.
inline constexpr std::uint64_t kMaxAdaptedTrim = 2 * kMaxAdaptedThreshold;
inline constexpr std::uint64_t kMaxRegrowths = 9;
static_assert(kInitialThreshold << kMaxRegrowths == kMaxAdaptedTrim, "more would change nothing");

// The parameters that adapt.
template <typename Word>
struct Threshold {
  Word mmap;             // requests of at least this size get their own mapping
  Word trim;             // the top of the heap is trimmed when it has at least this many free bytes
  Bool<Word> is_pinned;  // the program has set a parameter: adaptation is off
};

// The state of a new heap. Theorem Z26.
template <typename Word>
constexpr Threshold<Word> InitialThreshold() {
  return {kInitialThreshold, kInitialThreshold, Bool<Word>(false)};
}

// Whether a request of `size` gets its own mapping. Theorems Z29 and Z32.
template <typename Word>
constexpr Bool<Word> WantsMapping(const Threshold<Word>& threshold, Word size) {
  return size >= threshold.mmap;
}

// The state after a mapping of `length` was freed. A mapping as long as the threshold counts, or
// requests of exactly that size would be mapped for ever; one so long that no
// threshold can be above it is no evidence. Theorems Z26 to Z31.
template <typename Word>
constexpr Threshold<Word> AfterFreeOfMapping(const Threshold<Word>& threshold, Word length) {
  const Bool<Word> rises = !threshold.is_pinned && length >= threshold.mmap &&
                           length < kMaxAdaptedThreshold;
  const Word risen = Select<Word>(length < kMaxAdaptedThreshold / 2, 2 * length, kMaxAdaptedThreshold);
  return {Select<Word>(rises, risen, threshold.mmap),
          Select<Word>(rises, 2 * risen, threshold.trim), threshold.is_pinned};
}

// From how many free bytes on the top is trimmed, after the break was raised again so many times behind a trim. What
// is asked back at once was given back in vain, and costs two calls and a fault a page: each time doubles the
// threshold, up to kMaxAdaptedTrim. `regrowths` must be at most kMaxRegrowths. Theorem Z43.
template <typename Word>
constexpr Word TrimThreshold(const Threshold<Word>& threshold, Word regrowths) {
  const Word raised = threshold.trim << regrowths;
  const Word limited = Select<Word>(raised < kMaxAdaptedTrim, raised, kMaxAdaptedTrim);
  return Select<Word>(threshold.is_pinned || threshold.trim > kMaxAdaptedTrim, threshold.trim, limited);
}

// The state after mallopt set any parameter of the heap: both thresholds stay where they are.
// Theorem Z32.
template <typename Word>
constexpr Threshold<Word> Pinned(const Threshold<Word>& threshold) {
  return {threshold.mmap, threshold.trim, Bool<Word>(true)};
}

// The state after mallopt(M_MMAP_THRESHOLD). Theorem Z32.
template <typename Word>
constexpr Threshold<Word> WithMmapThreshold(const Threshold<Word>& threshold, Word bytes) {
  return {bytes, threshold.trim, Bool<Word>(true)};
}

// The state after mallopt(M_TRIM_THRESHOLD). Theorem Z32.
template <typename Word>
constexpr Threshold<Word> WithTrimThreshold(const Threshold<Word>& threshold, Word bytes) {
  return {threshold.mmap, bytes, Bool<Word>(true)};
}

}  // namespace breakproof::arithmetic
