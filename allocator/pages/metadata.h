// Memory for descriptions: taken from the kernel in chunks, handed out in pieces, never returned.
#pragma once

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

  std::uint64_t bytes_mapped() const { return chunks_ * kChunk; }

 private:
  static constexpr std::size_t kChunk = 64 * 1024;

  char* next_;
  std::size_t left_;
  Span* unused_;
  std::uint64_t unused_count_;
  std::uint64_t chunks_;
};

}  // namespace breakproof::allocator
