#include "model/policy/glibc/bins.h"

#include <algorithm>
#include <iterator>

namespace breakproof::model::glibc {
namespace {

// Large bins get wider with size: 64 bytes, 512, 4 KiB, 32 KiB, 256 KiB, and one for the rest.
struct Range {
  unsigned shift;     // log2 of the width
  std::uint64_t last; // the range ends with this multiple of the width
  std::size_t base;   // index of the bin of multiple 0
};
constexpr Range kLargeRanges[] = {{6, 48, 48}, {9, 20, 91}, {12, 10, 110}, {15, 4, 119}, {18, 2, 124}};
constexpr std::size_t kLastBin = 126;

}  // namespace

std::size_t Bins::IndexOf(std::uint64_t chunk_size) const {
  if (IsSmall(chunk_size)) return chunk_size / kGrain;
  for (const Range& range : kLargeRanges) {
    if ((chunk_size >> range.shift) <= range.last) return range.base + (chunk_size >> range.shift);
  }
  return kLastBin;
}

void Bins::Sort(std::uint64_t chunk) {
  const std::uint64_t size = size_of_(chunk);
  ChunkList& bin = bins_[IndexOf(size)];
  if (IsSmall(size)) {
    bin.insert(bin.begin(), chunk);
    return;
  }
  auto at = std::find_if(bin.begin(), bin.end(), [&](std::uint64_t other) { return size_of_(other) <= size; });
  // Never in front of the first of its size: that one carries the links between sizes.
  if (at != bin.end() && size_of_(*at) == size) ++at;
  bin.insert(at, chunk);
}

void Bins::Unlink(std::uint64_t chunk) {
  if (std::erase(unsorted_, chunk) == 0) std::erase(bins_[IndexOf(size_of_(chunk))], chunk);
}

std::optional<std::uint64_t> Bins::TakeSmall(std::uint64_t chunk_size) {
  ChunkList& bin = bins_[IndexOf(chunk_size)];
  if (bin.empty()) return std::nullopt;
  const std::uint64_t chunk = bin.back();
  bin.pop_back();
  return chunk;
}

std::optional<std::uint64_t> Bins::BestInOwnBin(std::uint64_t chunk_size) const {
  const ChunkList& bin = bins_[IndexOf(chunk_size)];
  const auto too_small =
      std::find_if(bin.begin(), bin.end(), [&](std::uint64_t other) { return size_of_(other) < chunk_size; });
  if (too_small == bin.begin()) return std::nullopt;
  const std::uint64_t best = size_of_(*std::prev(too_small));
  auto first = std::find_if(bin.begin(), bin.end(), [&](std::uint64_t other) { return size_of_(other) == best; });
  // The second of its size, where there is one: the first carries the links.
  const auto second = std::next(first);
  return second != bin.end() && size_of_(*second) == best ? *second : *first;
}

std::optional<std::uint64_t> Bins::FromLargerBins(std::uint64_t chunk_size) const {
  for (std::size_t index = IndexOf(chunk_size) + 1; index < kBinCount; ++index) {
    if (!bins_[index].empty()) return bins_[index].back();
  }
  return std::nullopt;
}

}  // namespace breakproof::model::glibc
