// Live blocks hidden from instrumented code while the subject runs (H9): under AddressSanitizer a subject that was
// built with it and reads a payload is stopped where it does. Elsewhere these do nothing.
//
// BREAKPROOF_HIDES_BLOCKS says that the program is built with it where this file is not (.bazelrc, asan-libfuzzer).
#pragma once

#include <cstdint>

#if __has_feature(address_sanitizer) || defined(BREAKPROOF_HIDES_BLOCKS)
#define BREAKPROOF_HAS_POISON
// The macros for these do nothing where a file is not instrumented.
#include <sanitizer/asan_interface.h>
#endif

namespace breakproof::harness {

#ifdef BREAKPROOF_HAS_POISON
inline constexpr bool kHidesBlocks = true;

// Shadow memory is an eighth of what is hidden: of a block of gigabytes only beginning and end.
template <typename Change>
void ForHiddenParts(void* block, std::uint64_t bytes, Change change) {
  constexpr std::uint64_t kBeginning = 1 << 20, kEnd = 4096;
  auto* const start = static_cast<char*>(block);
  if (bytes <= kBeginning + kEnd) {
    change(start, bytes);
  } else {
    change(start, kBeginning);
    change(start + (bytes - kEnd), kEnd);
  }
}

inline void Hide(void* block, std::uint64_t bytes) {
  ForHiddenParts(block, bytes, [](void* part, std::uint64_t length) { __asan_poison_memory_region(part, length); });
}
inline void Show(void* block, std::uint64_t bytes) {
  ForHiddenParts(block, bytes, [](void* part, std::uint64_t length) { __asan_unpoison_memory_region(part, length); });
}
#else
inline constexpr bool kHidesBlocks = false;
inline void Hide(void*, std::uint64_t) {}
inline void Show(void*, std::uint64_t) {}
#endif

}  // namespace breakproof::harness
