// The numbers of glibc 2.36's malloc on x86-64, as data: a model built with a wrong one must be caught.
#pragma once

#include <cstdint>

namespace breakproof::model::glibc {

inline constexpr std::uint64_t kHeaderBytes = 16;   // of a chunk, before the payload
inline constexpr std::uint64_t kWord = 8;           // of the header, the half that a chunk in use lends its neighbour
inline constexpr std::uint64_t kGrain = 16;         // chunk sizes and addresses are multiples of it
inline constexpr std::uint64_t kMinChunk = 32;      // MINSIZE
inline constexpr std::uint64_t kPage = 4096;
inline constexpr std::uint64_t kLargest = INT64_MAX;  // request

struct Constants {
  // Thread cache.
  std::uint64_t cache_bins = 64;         // chunk sizes 32, 48, ... 1040
  std::uint64_t cache_depth = 7;         // chunks of one size
  std::uint64_t cache_request = 640;     // bytes of the cache's own block (P1)
  // Bins.
  std::uint64_t max_fast = 128;          // largest chunk that goes to a fastbin (P18)
  std::uint64_t small_limit = 1024;      // chunks below it have a bin for their size alone
  std::uint64_t unsorted_at_a_time = 10000;
  std::uint64_t consolidate_from = 64 << 10;  // a freed chunk this large may trim (P14)
  // Policy.
  std::uint64_t mmap_threshold = 128 << 10;   // P3
  std::uint64_t trim_threshold = 128 << 10;   // P14
  std::uint64_t top_pad = 128 << 10;          // P1, P4
  std::uint64_t mmap_max = 65536;             // P3, P13
  std::uint64_t max_adapted = 32 << 20;       // P20
  std::uint64_t mapped_flag_bits = 2;         // counted with the size when thresholds adapt (P21)
  std::uint64_t trim_factor = 2;              // trim threshold over adapted mmap threshold (P20)
  std::uint64_t trim_keeps = kMinChunk + 1;   // of top, beside the padding (P14)
  std::uint64_t mapping_overhead = kWord;     // a mapped chunk has no neighbour to borrow from (P3)
  std::uint64_t fallback_unit = 1 << 20;      // P6
};

constexpr std::uint64_t RoundUp(std::uint64_t value, std::uint64_t unit) { return (value + unit - 1) / unit * unit; }
constexpr std::uint64_t RoundDown(std::uint64_t value, std::uint64_t unit) { return value / unit * unit; }

// Size of the chunk for a request of at most kLargest bytes.
constexpr std::uint64_t ChunkFor(std::uint64_t request) {
  const std::uint64_t padded = RoundUp(request + kWord, kGrain);
  return padded < kMinChunk ? kMinChunk : padded;
}

}  // namespace breakproof::model::glibc
