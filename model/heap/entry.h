// The entry points of the malloc family. No library is needed to include this file.
#pragma once

#include <cstdint>

namespace breakproof::model {

enum class Entry : std::uint8_t {
  kMalloc,
  kCalloc,
  kRealloc,
  kReallocarray,
  kFree,
  kMemalign,
  kAlignedAlloc,
  kPosixMemalign,
  kValloc,
  kPvalloc,
  kUsableSize,
  kFreeSized,         // C23; the caller tells the size it asked for
  kFreeAlignedSized,  // C23; the alignment as well
};

// H14: what the kernel did during a call, as far as anybody watched.
enum class KernelDuringCall : std::uint8_t { kNotWatched, kRefusedNothing, kRefused };

inline constexpr int kEntryCount = 13;

constexpr const char* NameOf(Entry entry) {
  constexpr const char* kNames[kEntryCount] = {
      "malloc",        "calloc",         "realloc", "reallocarray", "free",
      "memalign",      "aligned_alloc",  "posix_memalign", "valloc", "pvalloc",
      "malloc_usable_size", "free_sized", "free_aligned_sized"};
  return kNames[static_cast<int>(entry)];
}

// Ends the life of the block that is its argument, and returns nothing.
constexpr bool Frees(Entry entry) {
  return entry == Entry::kFree || entry == Entry::kFreeSized || entry == Entry::kFreeAlignedSized;
}

}  // namespace breakproof::model
