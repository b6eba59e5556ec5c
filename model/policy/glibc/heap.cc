#include "model/policy/glibc/heap.h"

#include <iterator>

namespace breakproof::model::glibc {
namespace {

constexpr std::size_t FastIndex(std::uint64_t size) { return (size - kMinChunk) / kGrain; }

}  // namespace

// P2: everything that is free is tried before the kernel is asked.
std::optional<std::uint64_t> Heap::Allocate(std::uint64_t size) {
  if (const auto chunk = FromFastbin(size)) return chunk;
  if (bins_.IsSmall(size)) {
    if (const auto chunk = FromSmallBin(size)) return chunk;
  } else if (has_fast_chunks_) {
    Consolidate();
  }
  for (;;) {
    std::optional<std::uint64_t> chunk = SortUnsorted(size);
    if (!chunk) chunk = FromBins(size);
    if (!chunk && TopServes(size)) chunk = CarveTop(size);
    if (chunk) {
      if (size >= context_.thresholds.mmap) context_.Exercise(PolicyRule::kP2);
      return chunk;
    }
    if (!has_fast_chunks_) return GetMore(size);
    Consolidate();
  }
}

// While at it, more of the same size move to the thread cache; so they do in the next two.
std::optional<std::uint64_t> Heap::FromFastbin(std::uint64_t size) {
  if (size > context_.thresholds.max_fast || fast_[FastIndex(size)].empty()) return std::nullopt;
  ChunkList& list = fast_[FastIndex(size)];
  const std::uint64_t chunk = list.back();
  list.pop_back();
  while (!list.empty() && cache_.HasRoom(size)) {
    cache_.Put(list.back(), size);
    list.pop_back();
  }
  return chunk;
}

std::optional<std::uint64_t> Heap::FromSmallBin(std::uint64_t size) {
  const auto chunk = bins_.TakeSmall(size);
  if (!chunk) return std::nullopt;
  chunks_.at(*chunk).is_free = false;
  while (cache_.HasRoom(size)) {
    const auto another = bins_.TakeSmall(size);
    if (!another) break;
    chunks_.at(*another).is_free = false;
    cache_.Put(*another, size);
  }
  return chunk;
}

// Every unsorted chunk gets one chance to be used before it goes to its bin.
std::optional<std::uint64_t> Heap::SortUnsorted(std::uint64_t size) {
  bool is_one_cached = false;
  ChunkList& unsorted = bins_.unsorted();
  for (std::uint64_t sorted = 0; !unsorted.empty() && sorted < context_.constants.unsorted_at_a_time;) {
    const std::uint64_t chunk = unsorted.back();
    const std::uint64_t chunk_size = SizeOf(chunk);
    // Small requests in a row are carved from one chunk.
    if (bins_.IsSmall(size) && unsorted.size() == 1 && chunk == last_remainder_ && chunk_size > size + kMinChunk) {
      return UseFree(chunk, size);
    }
    unsorted.pop_back();
    if (chunk_size != size) {
      bins_.Sort(chunk);
      ++sorted;
      continue;
    }
    chunks_.at(chunk).is_free = false;
    if (!cache_.HasRoom(size)) return chunk;
    cache_.Put(chunk, size);
    is_one_cached = true;
  }
  if (is_one_cached) return cache_.Take(size);
  return std::nullopt;
}

std::optional<std::uint64_t> Heap::FromBins(std::uint64_t size) {
  std::optional<std::uint64_t> chunk;
  if (!bins_.IsSmall(size)) chunk = bins_.BestInOwnBin(size);
  if (!chunk) chunk = bins_.FromLargerBins(size);
  if (chunk) chunk = UseFree(*chunk, size);
  return chunk;
}

// Takes a free chunk into use, the rest of it goes to the unsorted list.
std::uint64_t Heap::UseFree(std::uint64_t chunk, std::uint64_t size) {
  bins_.Unlink(chunk);
  chunks_.at(chunk).is_free = false;
  if (SizeOf(chunk) - size < kMinChunk) return chunk;
  const std::uint64_t rest = SplitOff(chunk, size);
  chunks_.at(rest).is_free = true;
  bins_.AddUnsorted(rest);
  if (bins_.IsSmall(size)) last_remainder_ = rest;
  return chunk;
}

std::uint64_t Heap::SplitOff(std::uint64_t chunk, std::uint64_t size) {
  const std::uint64_t rest = chunk + size;
  chunks_[rest] = {SizeOf(chunk) - size, false};
  chunks_.at(chunk).size = size;
  return rest;
}

void Heap::Free(std::uint64_t chunk) {
  const std::uint64_t size = SizeOf(chunk);
  if (cache_.HasRoom(size)) {
    cache_.Put(chunk, size);
    context_.Exercise(PolicyRule::kP18);
    return;
  }
  if (size <= context_.thresholds.max_fast) {
    fast_[FastIndex(size)].push_back(chunk);
    has_fast_chunks_ = true;
    context_.Exercise(PolicyRule::kP18);
    return;
  }
  if (Merge(chunk) < context_.constants.consolidate_from) return;
  if (has_fast_chunks_) Consolidate();
  if (top_size_ >= context_.thresholds.trim) Trim();
}

bool Heap::IsFree(std::uint64_t chunk) const {
  const auto found = chunks_.find(chunk);
  return found != chunks_.end() && found->second.is_free;
}

// Joins a chunk with its free neighbours, and with top if it borders it; the size of the whole.
std::uint64_t Heap::Merge(std::uint64_t chunk) {
  std::uint64_t size = SizeOf(chunk);
  const auto here = chunks_.find(chunk);
  const std::uint64_t next = chunk + size;
  if (here != chunks_.begin()) {
    const auto [before, properties] = *std::prev(here);
    if (properties.is_free && before + properties.size == chunk) {
      bins_.Unlink(before);
      chunks_.erase(here);
      chunk = before;
      size += properties.size;
    }
  }
  if (next == top_) {
    chunks_.erase(chunk);
    top_ = chunk;
    top_size_ += size;
    return top_size_;
  }
  if (IsFree(next)) {
    bins_.Unlink(next);
    size += SizeOf(next);
    chunks_.erase(next);
  }
  chunks_[chunk] = {size, true};
  bins_.AddUnsorted(chunk);
  return size;
}

void Heap::Consolidate() {
  has_fast_chunks_ = false;
  for (ChunkList& list : fast_) {
    for (; !list.empty(); list.pop_back()) Merge(list.back());
  }
}

std::optional<std::uint64_t> Heap::Resize(std::uint64_t chunk, std::uint64_t size) {
  const std::uint64_t old_size = SizeOf(chunk);
  const std::uint64_t next = chunk + old_size;
  if (old_size < size) {
    if (next == top_ && old_size + top_size_ >= size + kMinChunk) {
      top_ = chunk + size;
      top_size_ -= size - old_size;
      chunks_.at(chunk).size = size;
      return chunk;
    }
    if (IsFree(next) && next != top_ && old_size + SizeOf(next) >= size) {
      bins_.Unlink(next);
    } else {
      context_.Exercise(PolicyRule::kP31);
      const std::optional<std::uint64_t> moved = AllocateToMove(size);
      if (moved != next) {
        if (moved) Free(chunk);
        return moved;
      }
      // The new chunk is the neighbour: nothing needs to move.
    }
    chunks_.at(chunk).size += SizeOf(next);
    chunks_.erase(next);
  }
  CutBack(chunk, size, kMinChunk);
  return chunk;
}

// The size passes through a request once more, at its upper end, and may be too large for one (P12).
std::optional<std::uint64_t> Heap::AllocateToMove(std::uint64_t size) {
  if (size - (kGrain - 1) <= kLargest) return Allocate(size);
  context_.Exercise(PolicyRule::kP12);
  return std::nullopt;
}

void Heap::CutFront(std::uint64_t chunk, std::uint64_t start) {
  SplitOff(chunk, start - chunk);
  Free(chunk);
}

void Heap::CutBack(std::uint64_t chunk, std::uint64_t size, std::uint64_t least) {
  if (SizeOf(chunk) - size >= least) Free(SplitOff(chunk, size));
}

}  // namespace breakproof::model::glibc
