// Where free chunks wait: the unsorted list, one bin for every small size, and ordered bins for ranges of
// large sizes. A chunk is named by its address; its size is told by whoever has the chunks.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "model/policy/glibc/constants.h"

namespace breakproof::model::glibc {

// Front to back. Newly freed chunks go to the front of the unsorted list and leave it from the back.
using ChunkList = std::vector<std::uint64_t>;

inline constexpr std::size_t kBinCount = 128;

class Bins {
 public:
  using SizeOf = std::function<std::uint64_t(std::uint64_t chunk)>;

  Bins(const Constants& constants, SizeOf size_of) : constants_(constants), size_of_(std::move(size_of)) {}

  bool IsSmall(std::uint64_t chunk_size) const { return chunk_size < constants_.small_limit; }

  ChunkList& unsorted() { return unsorted_; }
  void AddUnsorted(std::uint64_t chunk) { unsorted_.insert(unsorted_.begin(), chunk); }

  // Out of the unsorted list, into the bin of its size.
  void Sort(std::uint64_t chunk);

  // Out of whichever list it is in.
  void Unlink(std::uint64_t chunk);

  // The oldest chunk of exactly this small size, out of its bin.
  std::optional<std::uint64_t> TakeSmall(std::uint64_t chunk_size);

  // The best fit for a large size within the size's own bin; stays in it.
  std::optional<std::uint64_t> BestInOwnBin(std::uint64_t chunk_size) const;

  // The smallest chunk of the next bin that has any; stays in it.
  std::optional<std::uint64_t> FromLargerBins(std::uint64_t chunk_size) const;

 private:
  std::size_t IndexOf(std::uint64_t chunk_size) const;

  const Constants& constants_;
  SizeOf size_of_;
  ChunkList unsorted_;
  std::array<ChunkList, kBinCount> bins_;  // small ones newest first; large ones largest first
};

}  // namespace breakproof::model::glibc
