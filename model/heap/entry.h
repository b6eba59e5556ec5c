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
};

// H14: what the kernel did during a call, as far as anybody watched.
enum class KernelDuringCall : std::uint8_t { kNotWatched, kRefusedNothing, kRefused };

inline constexpr int kEntryCount = 11;

constexpr const char* NameOf(Entry entry) {
  constexpr const char* kNames[kEntryCount] = {
      "malloc",        "calloc",         "realloc", "reallocarray", "free",
      "memalign",      "aligned_alloc",  "posix_memalign", "valloc", "pvalloc",
      "malloc_usable_size"};
  return kNames[static_cast<int>(entry)];
}

}  // namespace breakproof::model
