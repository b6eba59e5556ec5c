// The thresholds, their adaptation and their pinning by mallopt.
#pragma once

#include <cstdint>

#include "model/policy/glibc/constants.h"
#include "model/policy/option.h"

namespace breakproof::model::glibc {

struct Thresholds {
  std::uint64_t mmap;      // chunk size, bytes
  std::uint64_t trim;      // size of top, bytes
  std::uint64_t top_pad;   // bytes
  std::uint64_t mmap_max;  // mappings at one time
  std::uint64_t max_fast;  // chunk size, bytes
  bool is_dynamic = true;

  explicit Thresholds(const Constants& c)
      : mmap(c.mmap_threshold), trim(c.trim_threshold), top_pad(c.top_pad), mmap_max(c.mmap_max), max_fast(c.max_fast) {}

  // P20, P21: whether freeing a mapped chunk of this size raises the thresholds, were they dynamic.
  bool WouldAdapt(const Constants& c, std::uint64_t chunk_size) const {
    const std::uint64_t with_flags = chunk_size + c.mapped_flag_bits;
    return with_flags > mmap && with_flags <= c.max_adapted;
  }
  void Adapt(const Constants& c, std::uint64_t chunk_size) {
    mmap = chunk_size;
    trim = c.trim_factor * chunk_size;
  }

  // P22, P23: any of the four ends the adaptation; no value is refused.
  void Set(Option option, std::uint64_t value) {
    constexpr std::uint64_t kLargestMaxFast = 160;
    switch (option) {
      case Option::kMmapThreshold: mmap = value; break;
      case Option::kTrimThreshold: trim = value; break;
      case Option::kTopPad: top_pad = value; break;
      case Option::kMmapMax: mmap_max = value; break;
      case Option::kMaxFast:
        if (value <= kLargestMaxFast) max_fast = RoundDown(value + kWord, kGrain);  // 0 for none: no chunk is so small
        return;
    }
    is_dynamic = false;
  }
};

}  // namespace breakproof::model::glibc
