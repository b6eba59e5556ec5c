// Memory for descriptions: taken from the kernel in chunks, handed out in pieces, never returned.
#pragma once

#include <string.h>

#include <cstddef>
#include <cstdint>

#include "allocator/kernel/kernel.h"
#include "allocator/pages/span.h"

namespace breakproof::allocator {

// Not thread-safe: the page heap's lock protects it.
class Metadata {
 public:
  static constexpr std::size_t kAlignment = 128;  // two lines: the processor fetches them together

  // Zeroed, aligned to kAlignment; nullptr if the kernel refuses. `bytes` at most a chunk.
  void* Allocate(const Kernel& kernel, std::size_t bytes) {
    bytes = arithmetic::AlignUp<std::uint64_t>(bytes, kAlignment);
    if (bytes > left_) {
      void* const chunk = kernel.map_metadata(kernel.context, kChunk);
      if (chunk == nullptr) return nullptr;
      next_ = static_cast<char*>(chunk);
      left_ = kChunk;
      ++chunks_;
    }
    void* const piece = next_;
    next_ += bytes;
    left_ -= bytes;
    return piece;
  }

  // An unused description; nullptr if the kernel refuses. Its fields are zero.
  Span* NewSpan(const Kernel& kernel) {
    if (unused_ == nullptr) return static_cast<Span*>(Allocate(kernel, sizeof(Span)));
    Span* const span = unused_;
    unused_ = span->next;
    --unused_count_;
    *span = Span{};
    return span;
  }

  void DeleteSpan(Span* span) {
    span->use = SpanUse::kUnused;
    span->next = unused_;
    unused_ = span;
    ++unused_count_;
  }

  // Makes sure that the next `count` calls of NewSpan succeed: an operation that must not fail halfway asks first.
  bool Reserve(const Kernel& kernel, std::uint64_t count) {
    while (unused_count_ < count) {
      auto* const span = static_cast<Span*>(Allocate(kernel, sizeof(Span)));
      if (span == nullptr) return false;
      DeleteSpan(span);
    }
    return true;
  }

  // The lengths of a mixed slab's blocks, zero; nullptr if the kernel refuses.
  std::uint8_t* NewLengths(const Kernel& kernel) {
    if (unused_lengths_ == nullptr) return static_cast<std::uint8_t*>(Allocate(kernel, kLengths));
    Lengths* const lengths = unused_lengths_;
    unused_lengths_ = lengths->next;
    return static_cast<std::uint8_t*>(memset(lengths, 0, kLengths));
  }

  void DeleteLengths(std::uint8_t* lengths) {
    auto* const unused = reinterpret_cast<Lengths*>(lengths);
    unused->next = unused_lengths_;
    unused_lengths_ = unused;
  }

  std::uint64_t bytes_mapped() const { return chunks_ * kChunk; }

 private:
  static constexpr std::size_t kChunk = 64 * 1024;
  static constexpr std::size_t kLengths = arithmetic::kMaxSlabBlocks;  // bytes
  struct Lengths {
    Lengths* next;
  };

  char* next_;
  std::size_t left_;
  Span* unused_;
  std::uint64_t unused_count_;
  Lengths* unused_lengths_;
  std::uint64_t chunks_;
};

}  // namespace breakproof::allocator
