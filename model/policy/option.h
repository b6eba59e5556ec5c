// Parameters of a heap that mallopt sets. No library is needed to include this file.
#pragma once

#include <cstdint>

namespace breakproof::model {

enum class Option : std::uint8_t {
  kMmapThreshold,  // bytes: from which size on a request gets a mapping of its own
  kTrimThreshold,  // bytes free at the top of the heap from which on the break is lowered
  kTopPad,         // bytes kept or taken beyond what is needed when the break moves
  kMmapMax,        // mappings at one time
  kMaxFast,        // bytes: the largest request that glibc serves from its fastbins
};

inline constexpr int kOptionCount = 5;

constexpr const char* NameOf(Option option) {
  constexpr const char* kNames[kOptionCount] = {"mmap_threshold", "trim_threshold", "top_pad", "mmap_max",
                                                "max_fast"};
  return kNames[static_cast<int>(option)];
}

}  // namespace breakproof::model
