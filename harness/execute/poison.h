// Live blocks hidden from instrumented code while the subject runs (H9): under AddressSanitizer a subject that was
// built with it and reads a payload is stopped where it does. Elsewhere these do nothing.
#pragma once

#include <cstdint>

#include "harness/support/poison.h"

namespace breakproof::harness {

inline constexpr bool kHidesBlocks = kHasPoison;

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
  if (kHidesBlocks) ForHiddenParts(block, bytes, [](void* part, std::uint64_t length) { Poison(part, length); });
}
inline void Show(void* block, std::uint64_t bytes) {
  if (kHidesBlocks) ForHiddenParts(block, bytes, [](void* part, std::uint64_t length) { Unpoison(part, length); });
}

}  // namespace breakproof::harness
