// The main arena: chunks side by side, the free ones merged and kept in bins, and top above them all.
//
// Sizes are chunk sizes and addresses are chunk addresses, 16 below what the caller sees.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>

#include "model/policy/glibc/bins.h"
#include "model/policy/glibc/break.h"
#include "model/policy/glibc/calls.h"
#include "model/policy/glibc/mapped_chunks.h"
#include "model/policy/glibc/thread_cache.h"

namespace breakproof::model::glibc {

class Heap {
 public:
  explicit Heap(Context& context)
      : context_(context),
        mapped_(context),
        break_(context),
        cache_(context.constants),
        bins_(context.constants, [this](std::uint64_t chunk) { return SizeOf(chunk); }) {}
  Heap(const Heap&) = delete;  // the bins refer to it
  Heap& operator=(const Heap&) = delete;

  ThreadCache& cache() { return cache_; }
  MappedChunks& mapped() { return mapped_; }
  const MappedChunks& mapped() const { return mapped_; }

  bool Contains(std::uint64_t chunk) const { return chunks_.contains(chunk); }
  std::uint64_t SizeOf(std::uint64_t chunk) const { return chunks_.at(chunk).size; }

  // A chunk of at least this size, past the thread cache; it may be a mapped one. Nothing: no memory.
  std::optional<std::uint64_t> Allocate(std::uint64_t size);

  // The chunk ends, wherever it then goes.
  void Free(std::uint64_t chunk);

  // The chunk with this size, where it was or elsewhere; nothing: no memory, and nothing changed.
  std::optional<std::uint64_t> Resize(std::uint64_t chunk, std::uint64_t size);

  // Splits a chunk so that it begins at `start`, and gives the part before back (P33).
  void CutFront(std::uint64_t chunk, std::uint64_t start);
  // Gives back what a chunk has beyond `size` if that is at least `least`.
  void CutBack(std::uint64_t chunk, std::uint64_t size, std::uint64_t least);

  // sbrk, called by the program.
  void MoveBreak(std::int64_t bytes) { break_.Move(bytes, PolicyRule::kP8); }

  // Merges everything in the fastbins with its neighbours.
  void Consolidate();

 private:
  struct Chunk {
    std::uint64_t size;
    bool is_free;  // in a bin; chunks in the thread cache and in fastbins count as used
  };
  static constexpr std::size_t kFastbins = 10;

  std::optional<std::uint64_t> FromFastbin(std::uint64_t size);
  std::optional<std::uint64_t> FromSmallBin(std::uint64_t size);
  std::optional<std::uint64_t> SortUnsorted(std::uint64_t size);
  std::optional<std::uint64_t> FromBins(std::uint64_t size);
  std::uint64_t UseFree(std::uint64_t chunk, std::uint64_t size);
  std::uint64_t SplitOff(std::uint64_t chunk, std::uint64_t size);
  std::uint64_t Merge(std::uint64_t chunk);
  std::optional<std::uint64_t> AllocateToMove(std::uint64_t size);
  bool IsFree(std::uint64_t chunk) const;

  // top.cc: where memory comes from and goes to.
  std::optional<std::uint64_t> GetMore(std::uint64_t size);
  void ExtendTop(std::uint64_t size);
  void PlaceTop(std::uint64_t start, std::uint64_t length, std::optional<std::uint64_t> end);
  std::optional<std::uint64_t> FallBackToMapping(std::uint64_t* length, std::uint64_t size);
  std::uint64_t CarveTop(std::uint64_t size);
  void Trim();
  bool TopServes(std::uint64_t size) const { return top_size_ >= size + kMinChunk; }

  Context& context_;
  MappedChunks mapped_;
  ProgramBreak break_;
  ThreadCache cache_;
  Bins bins_;
  std::map<std::uint64_t, Chunk> chunks_;  // fences are not in it: what is not here is in use
  std::array<ChunkList, kFastbins> fast_;  // by size, the newest last
  bool has_fast_chunks_ = false;           // since the last consolidation
  std::uint64_t last_remainder_ = 0;
  std::uint64_t top_ = 0;
  std::uint64_t top_size_ = 0;             // 0: there is none yet
  bool is_contiguous_ = true;
};

}  // namespace breakproof::model::glibc
