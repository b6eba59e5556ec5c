// The thread cache: up to seven chunks of each small size, last in first out. Chunks in it look in use to
// the rest of the heap.
#pragma once

#include <cstdint>
#include <vector>

#include "model/policy/glibc/constants.h"

namespace breakproof::model::glibc {

class ThreadCache {
 public:
  explicit ThreadCache(const Constants& constants) : depth_(constants.cache_depth), lists_(constants.cache_bins) {}

  // Before its own block is allocated the cache takes and has nothing (P1).
  void Enable() { is_enabled_ = true; }
  bool is_enabled() const { return is_enabled_; }

  bool HasRoom(std::uint64_t chunk_size) const { return Covers(chunk_size) && ListOf(chunk_size).size() < depth_; }
  bool Holds(std::uint64_t chunk_size) const { return Covers(chunk_size) && !ListOf(chunk_size).empty(); }

  void Put(std::uint64_t chunk, std::uint64_t chunk_size) { lists_[IndexOf(chunk_size)].push_back(chunk); }
  std::uint64_t Take(std::uint64_t chunk_size) {
    std::vector<std::uint64_t>& list = lists_[IndexOf(chunk_size)];
    const std::uint64_t chunk = list.back();
    list.pop_back();
    return chunk;
  }

  bool Covers(std::uint64_t chunk_size) const { return is_enabled_ && IndexOf(chunk_size) < lists_.size(); }

 private:
  static std::uint64_t IndexOf(std::uint64_t chunk_size) { return (chunk_size - kMinChunk) / kGrain; }
  const std::vector<std::uint64_t>& ListOf(std::uint64_t chunk_size) const { return lists_[IndexOf(chunk_size)]; }

  bool is_enabled_ = false;
  std::uint64_t depth_;
  std::vector<std::vector<std::uint64_t>> lists_;  // by size, the newest last
};

}  // namespace breakproof::model::glibc
