#include "harness/execute/payload.h"

#include <cstring>

// A sanitizer would look at every word once more, and stop at blocks that are hidden from the subject (poison.h): which
// bytes may be looked at is the caller's knowledge.
#pragma clang attribute push(__attribute__((no_sanitize("address", "coverage"))), apply_to = function)

namespace breakproof::harness {
namespace {

constexpr std::uint64_t kWordStep = 0x9e3779b97f4a7c15;  // odd: all words of a block differ

std::uint64_t PatternWord(std::uint64_t seed, std::uint64_t word) { return seed + word * kWordStep; }

std::uint64_t Min(std::uint64_t a, std::uint64_t b) { return a < b ? a : b; }

// Words are written and read by the group, without a branch in it, so that vectors are used.
constexpr std::uint64_t kGroup = 8;
constexpr std::uint64_t kGroupBytes = kGroup * 8;

// Groups from `at`, a multiple of 8, as long as they end at or before `end`. Returns where it stopped.
__attribute__((always_inline)) inline std::uint64_t FillGroups(std::uint8_t* base, std::uint64_t seed, std::uint64_t at,
                                                               std::uint64_t end) {
  for (; at + kGroupBytes <= end; at += kGroupBytes) {
    const std::uint64_t first = PatternWord(seed, at / 8);
    for (std::uint64_t i = 0; i < kGroup; ++i) {
      const std::uint64_t word = first + i * kWordStep;
      std::memcpy(base + at + i * 8, &word, 8);
    }
  }
  return at;
}

// The same for groups that are as FillGroups leaves them, but with this step between words. Reading is most of what is
// done to payloads, and the compiler makes less of it than can be said.
template <std::uint64_t kStep>
__attribute__((always_inline)) inline std::uint64_t SkipGroups(const std::uint8_t* base, std::uint64_t seed,
                                                               std::uint64_t at, std::uint64_t end) {
  using Words = std::uint64_t __attribute__((vector_size(kGroupBytes / 2)));
  Words low = seed + at / 8 * kStep + Words{0, kStep, 2 * kStep, 3 * kStep};
  Words high = low + 4 * kStep;
  for (; at + kGroupBytes <= end; at += kGroupBytes, low += kGroup * kStep, high += kGroup * kStep) {
    Words seen_low, seen_high;
    std::memcpy(&seen_low, base + at, sizeof seen_low);
    std::memcpy(&seen_high, base + at + sizeof seen_low, sizeof seen_high);
    if (__builtin_reduce_or((seen_low ^ low) | (seen_high ^ high)) != 0) break;
  }
  return at;
}

#if defined(__x86_64__)
// Processors with wider vectors halve what a look at a block costs.
const bool kHasWideVectors = __builtin_cpu_supports("avx2") != 0;

__attribute__((target("avx2"))) std::uint64_t FillGroupsWide(std::uint8_t* base, std::uint64_t seed, std::uint64_t at,
                                                             std::uint64_t end) {
  return FillGroups(base, seed, at, end);
}
template <std::uint64_t kStep>
__attribute__((target("avx2"))) std::uint64_t SkipGroupsWide(const std::uint8_t* base, std::uint64_t seed,
                                                             std::uint64_t at, std::uint64_t end) {
  return SkipGroups<kStep>(base, seed, at, end);
}
#else
constexpr bool kHasWideVectors = false;
constexpr auto FillGroupsWide = FillGroups;
template <std::uint64_t kStep>
constexpr auto SkipGroupsWide = SkipGroups<kStep>;
#endif

std::uint64_t FillFast(std::uint8_t* base, std::uint64_t seed, std::uint64_t at, std::uint64_t end) {
  return kHasWideVectors ? FillGroupsWide(base, seed, at, end) : FillGroups(base, seed, at, end);
}

template <std::uint64_t kStep>
std::uint64_t SkipFast(const std::uint8_t* base, std::uint64_t seed, std::uint64_t at, std::uint64_t end) {
  return kHasWideVectors ? SkipGroupsWide<kStep>(base, seed, at, end) : SkipGroups<kStep>(base, seed, at, end);
}

// The eight bytes that belong from any offset on.
std::uint64_t WordAt(std::uint64_t seed, std::uint64_t offset) {
  const std::uint64_t shift = offset % 8 * 8;
  const std::uint64_t low = PatternWord(seed, offset / 8);
  return shift == 0 ? low : low >> shift | PatternWord(seed, offset / 8 + 1) << (64 - shift);
}

std::uint64_t Load(const std::uint8_t* from) {
  std::uint64_t word;
  std::memcpy(&word, from, 8);
  return word;
}
void Store(std::uint8_t* to, std::uint64_t word) { std::memcpy(to, &word, 8); }

// Ends that are no whole words are written and read by words that overlap their neighbours.
void FillRange(std::uint8_t* base, std::uint64_t seed, std::uint64_t begin, std::uint64_t end) {
  std::uint64_t at = begin;
  if (end - begin < 8) {
    for (std::uint64_t word = WordAt(seed, at); at < end; ++at, word >>= 8) base[at] = static_cast<std::uint8_t>(word);
    return;
  }
  if (at % 8 != 0) Store(base + at, WordAt(seed, at));
  at = FillFast(base, seed, (at + 7) / 8 * 8, end);
  for (; at + 8 <= end; at += 8) Store(base + at, PatternWord(seed, at / 8));
  if (at < end) Store(base + (end - 8), WordAt(seed, end - 8));
}

std::uint64_t FirstDifferentByte(const std::uint8_t* base, std::uint64_t seed, std::uint64_t begin, std::uint64_t end) {
  for (std::uint64_t at = begin; at < end; ++at) {
    if (base[at] != PatternByte(seed, at)) return at;
  }
  return end;
}

std::uint64_t FirstDifferent(const std::uint8_t* base, std::uint64_t seed, std::uint64_t begin,
                             std::uint64_t end) {
  if (end - begin < 8 || Load(base + begin) != WordAt(seed, begin)) return FirstDifferentByte(base, seed, begin, end);
  std::uint64_t at = SkipFast<kWordStep>(base, seed, (begin + 7) / 8 * 8, end);
  while (at + 8 <= end && Load(base + at) == PatternWord(seed, at / 8)) at += 8;
  if (at + 8 > end && Load(base + (end - 8)) == WordAt(seed, end - 8)) return end;
  return FirstDifferentByte(base, seed, at, end);
}

std::uint64_t FirstNonZeroIn(const std::uint8_t* base, std::uint64_t begin, std::uint64_t end) {
  std::uint64_t at = SkipFast<0>(base, 0, begin, end);
  while (at + 8 <= end && Load(base + at) == 0) at += 8;
  for (; at < end; ++at) {
    if (base[at] != 0) return at;
  }
  return end;
}

// The index of the first byte in which two ranges differ; `length` if there is none.
std::uint64_t FirstUnequal(const std::uint8_t* a, const std::uint8_t* b, std::uint64_t length) {
  using Words = std::uint64_t __attribute__((vector_size(kGroupBytes / 2)));
  std::uint64_t at = 0;
  for (; at + sizeof(Words) <= length; at += sizeof(Words)) {
    Words of_a, of_b;
    std::memcpy(&of_a, a + at, sizeof of_a);
    std::memcpy(&of_b, b + at, sizeof of_b);
    if (__builtin_reduce_or(of_a ^ of_b) != 0) break;
  }
  while (at < length && a[at] == b[at]) ++at;
  return at;
}

void CopyRange(std::uint8_t* to, const std::uint8_t* from, std::uint64_t length) {
  std::uint64_t at = 0;
  for (; at + kGroupBytes <= length; at += kGroupBytes) {
    std::uint64_t words[kGroup];
    std::memcpy(words, from + at, kGroupBytes);
    std::memcpy(to + at, words, kGroupBytes);
    asm volatile("" ::: "memory");  // else the loop becomes a call of memcpy, which a sanitizer watches
  }
  for (; at < length; ++at) {
    to[at] = from[at];
    asm volatile("" ::: "memory");
  }
}

void ZeroRange(std::uint8_t* base, std::uint64_t begin, std::uint64_t end) {
  constexpr std::uint64_t kZeroes[kGroup] = {};
  std::uint64_t at = begin;
  for (; at + kGroupBytes <= end; at += kGroupBytes) {
    std::memcpy(base + at, kZeroes, kGroupBytes);
    asm volatile("" ::: "memory");  // as above, memset
  }
  for (; at < end; ++at) {
    base[at] = 0;
    asm volatile("" ::: "memory");
  }
}

}  // namespace

std::uint64_t SeedOf(std::uint32_t index) {
  std::uint64_t z = (index + 1ull) * kWordStep;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return (z ^ (z >> 31)) | 1;
}

std::uint8_t PatternByte(std::uint64_t seed, std::uint64_t offset) {
  return static_cast<std::uint8_t>(PatternWord(seed, offset / 8) >> (offset % 8 * 8));
}

void Fill(void* base, std::uint64_t seed, std::uint64_t begin, std::uint64_t end) {
  auto* bytes = static_cast<std::uint8_t*>(base);
  ForEachCovered(begin, end, [&](std::uint64_t from, std::uint64_t to) {
    FillRange(bytes, seed, from, to);
    return true;
  });
}

std::uint64_t FirstChanged(const void* base, std::uint64_t seed, std::uint64_t begin, std::uint64_t end,
                           std::uint64_t limit) {
  const auto* bytes = static_cast<const std::uint8_t*>(base);
  std::uint64_t found = end;
  ForEachCovered(begin, end, [&](std::uint64_t from, std::uint64_t to) {
    const std::uint64_t stop = Min(to, limit);
    if (from >= stop) return false;
    const std::uint64_t at = FirstDifferent(bytes, seed, from, stop);
    if (at == stop) return true;
    found = at;
    return false;
  });
  return found;
}

std::uint64_t FirstNonZero(const void* base, std::uint64_t length) {
  const auto* bytes = static_cast<const std::uint8_t*>(base);
  std::uint64_t found = length;
  ForEachCovered(0, length, [&](std::uint64_t from, std::uint64_t to) {
    const std::uint64_t at = FirstNonZeroIn(bytes, from, to);
    if (at == to) return true;
    found = at;
    return false;
  });
  return found;
}

void FillZero(void* base, std::uint64_t length) {
  auto* bytes = static_cast<std::uint8_t*>(base);
  ForEachCovered(0, length, [&](std::uint64_t from, std::uint64_t to) {
    ZeroRange(bytes, from, to);
    return true;
  });
}

std::uint64_t CoveredBytes(std::uint64_t begin, std::uint64_t end) {
  std::uint64_t bytes = 0;
  ForEachCovered(begin, end, [&](std::uint64_t from, std::uint64_t to) {
    bytes += to - from;
    return true;
  });
  return bytes;
}

void TakeCopy(const void* base, std::uint64_t begin, std::uint64_t end, std::uint8_t* copy) {
  const auto* bytes = static_cast<const std::uint8_t*>(base);
  ForEachCovered(begin, end, [&](std::uint64_t from, std::uint64_t to) {
    CopyRange(copy, bytes + from, to - from);
    copy += to - from;
    return true;
  });
}

std::uint64_t FirstUnlikeCopy(const void* base, const std::uint8_t* copy, std::uint64_t begin, std::uint64_t end,
                              std::uint64_t limit) {
  const auto* bytes = static_cast<const std::uint8_t*>(base);
  std::uint64_t found = end;
  ForEachCovered(begin, end, [&](std::uint64_t from, std::uint64_t to) {
    const std::uint64_t stop = Min(to, limit);
    if (from >= stop) return false;
    const std::uint64_t at = FirstUnequal(bytes + from, copy, stop - from);
    copy += to - from;
    if (at == stop - from) return true;
    found = from + at;
    return false;
  });
  return found;
}

std::uint8_t CopiedByte(const std::uint8_t* copy, std::uint64_t begin, std::uint64_t end, std::uint64_t offset) {
  std::uint8_t byte = 0;
  ForEachCovered(begin, end, [&](std::uint64_t from, std::uint64_t to) {
    if (offset >= from && offset < to) {
      byte = copy[offset - from];
      return false;
    }
    copy += to - from;
    return true;
  });
  return byte;
}

void CopyBytes(void* to, const void* from, std::uint64_t length) {
  CopyRange(static_cast<std::uint8_t*>(to), static_cast<const std::uint8_t*>(from), length);
}

}  // namespace breakproof::harness

#pragma clang attribute pop
