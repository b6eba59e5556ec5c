// Memory and a kernel for one small heap, whose whole state can be reset and compared in microseconds: a search runs
// millions of cases.
#pragma once

#include <sys/mman.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "allocator/heap/heap.h"

namespace breakproof::tests {

using allocator::kPageSize;

// One piece of memory holds everything that the heap may change. Only some of its pages are ever touched: these are
// known by experience (Learn), and are all that is zeroed and hashed.
class TinyMachine {
 public:
  static constexpr std::uint64_t kHeapBytes = (sizeof(allocator::Heap) + kPageSize - 1) / kPageSize * kPageSize;
  static constexpr std::uint64_t kMetadataBytes = 4 << 20;
  static constexpr std::uint64_t kBreakBytes = 1 << 20;
  static constexpr std::uint64_t kMapPages = 128;

  TinyMachine() {
    bytes_ = kHeapBytes + kPageSize + kMetadataBytes + kBreakBytes + kMapPages * kPageSize;
    // In the middle of a gibibyte, so that one leaf of the page map is enough.
    void* const place = reinterpret_cast<void*>(0x7e9010000000);
    void* const memory =
        mmap(place, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
      perror("mmap");
      exit(11);
    }
    start_ = static_cast<char*>(memory);
    state_ = reinterpret_cast<State*>(start_ + kHeapBytes);
    metadata_ = start_ + kHeapBytes + kPageSize;
    break_ = metadata_ + kMetadataBytes;
    maps_ = break_ + kBreakBytes;
    is_known_.resize(bytes_ / kPageSize);
  }

  // A heap that has never been used.
  allocator::Heap& Reset() {
    for (const std::uint32_t page : pages_) memset(start_ + page * kPageSize, 0, kPageSize);
    auto* const heap = reinterpret_cast<allocator::Heap*>(start_);
    heap->Init({this, MoveBreak, Map, MapMetadata, Unmap, Remap, Discard, Now, Entropy});
    return *heap;
  }

  // Whether a page was touched that has not been zeroed by Reset. Then what was run since Learn was last called has to be
  // run again.
  bool Learn() {
    std::vector<unsigned char> is_resident(is_known_.size());
    if (mincore(start_, bytes_, is_resident.data()) != 0) exit(11);
    bool is_news = false;
    for (std::uint32_t page = 0; page < is_known_.size(); ++page) {
      if (is_known_[page] != 0 || (is_resident[page] & 1) == 0) continue;
      is_known_[page] = 1;
      pages_.push_back(page);
      is_news = true;
    }
    return is_news;
  }

  // Of all the memory there is: books and contents. Most of it is zero.
  std::uint64_t Hash() const {
    std::uint64_t hash = 0;
    for (const std::uint32_t page : pages_) {
      const char* const line_end = start_ + (page + 1) * kPageSize;
      for (const char* line = start_ + page * kPageSize; line != line_end; line += sizeof(Line)) {
        Line words;
        memcpy(&words, line, sizeof words);
        if (words.IsZero()) continue;
        hash = Mixed(hash ^ reinterpret_cast<std::uintptr_t>(line));
        for (const std::uint64_t word : words.of) hash = Mixed(hash ^ word);
      }
    }
    return hash;
  }

 private:
  struct Line {
    std::uint64_t of[8];
    bool IsZero() const {
      std::uint64_t any = 0;
      for (const std::uint64_t word : of) any |= word;
      return any == 0;
    }
  };

  // Both halves of a product of 128 bits: each bit of the argument reaches all of the result.
  static std::uint64_t Mixed(std::uint64_t word) {
    const auto product = static_cast<unsigned __int128>(word ^ 0x9e3779b97f4a7c15) * 0xd6e8feb86659fd93;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  }

  // What a kernel remembers; in the memory, and so reset and hashed with it.
  struct State {
    std::uint64_t metadata_used, break_used;
    bool is_mapped[kMapPages];
  };
  static_assert(sizeof(State) <= kPageSize);

  static TinyMachine& Of(void* context) { return *static_cast<TinyMachine*>(context); }

  static void* MoveBreak(void* context, std::intptr_t increment) {
    TinyMachine& self = Of(context);
    const std::uint64_t old = self.state_->break_used;
    const std::uint64_t now = old + static_cast<std::uint64_t>(increment);
    if (now > kBreakBytes) return nullptr;
    if (now < old) memset(self.break_ + now, 0, old - now);
    self.state_->break_used = now;
    return self.break_ + old;
  }

  // The lowest place that is long enough.
  static void* Map(void* context, std::size_t length) {
    TinyMachine& self = Of(context);
    const std::uint64_t pages = length / kPageSize;
    for (std::uint64_t first = 0, end = 0; end < kMapPages;) {
      first = self.state_->is_mapped[end++] ? end : first;
      if (end - first < pages) continue;
      memset(&self.state_->is_mapped[first], 1, pages);
      return self.maps_ + first * kPageSize;
    }
    return nullptr;
  }

  static void* MapMetadata(void* context, std::size_t length) {
    TinyMachine& self = Of(context);
    if (self.state_->metadata_used + length > kMetadataBytes) return nullptr;
    self.state_->metadata_used += length;
    return self.metadata_ + self.state_->metadata_used - length;
  }

  static bool Unmap(void* context, void* address, std::size_t length) {
    TinyMachine& self = Of(context);
    const auto first = static_cast<std::uint64_t>(static_cast<char*>(address) - self.maps_) / kPageSize;
    memset(&self.state_->is_mapped[first], 0, length / kPageSize);
    return Discard(context, address, length);
  }

  static void* Remap(void* context, void* address, std::size_t old_length, std::size_t new_length) {
    void* const moved = Map(context, new_length);
    if (moved == nullptr) return nullptr;
    memcpy(moved, address, old_length < new_length ? old_length : new_length);
    Unmap(context, address, old_length);
    return moved;
  }

  static bool Discard(void*, void* address, std::size_t length) {
    memset(address, 0, length);
    return true;
  }

  static std::uint64_t Now(void*) { return 1; }
  static std::uint64_t Entropy(void*) { return 0x9e3779b97f4a7c15; }

  std::uint64_t bytes_;
  char* start_;  // the heap itself, the kernel's state, metadata, break, mappings
  State* state_;
  char* metadata_;
  char* break_;
  char* maps_;
  std::vector<std::uint32_t> pages_;  // that may be other than zero
  std::vector<char> is_known_;        // by page
};

}  // namespace breakproof::tests
