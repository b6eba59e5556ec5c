// Memory for copies of what blocks hold, in pieces whose sizes are powers of two. Out of the heap under test.
//
// No library, no allocation, no exceptions: runs inside the worker process.
#pragma once

#include <cstdint>

namespace breakproof::harness {

class Snapshots {
 public:
  // What a run needs at most: more is not remembered, and blocks are then written with their pattern instead. Only what is
  // used becomes resident.
  static constexpr std::uint64_t kBytes = 16ull << 20;

  // `memory` has kBytes, aligned to 16, whatever they hold.
  explicit Snapshots(void* memory) : next_(static_cast<std::uint8_t*>(memory)), end_(next_ + kBytes) {}

  // At least so many bytes; nullptr if there is no room for them.
  std::uint8_t* Take(std::uint64_t bytes) {
    const int order = OrderOf(bytes);
    if (order >= kOrders) return nullptr;
    if (Free* const free = free_[order]) {
      free_[order] = free->next;
      return reinterpret_cast<std::uint8_t*>(free);
    }
    const std::uint64_t length = std::uint64_t{1} << order;
    if (static_cast<std::uint64_t>(end_ - next_) < length) return nullptr;
    std::uint8_t* const piece = next_;
    next_ += length;
    return piece;
  }

  // `bytes` as they were asked for.
  void GiveBack(std::uint8_t* piece, std::uint64_t bytes) {
    Free*& first = free_[OrderOf(bytes)];
    auto* const free = reinterpret_cast<Free*>(piece);
    free->next = first;
    first = free;
  }

 private:
  struct Free {
    Free* next;
  };
  static constexpr int kSmallest = 5;  // log2: 32 bytes
  static constexpr int kOrders = 20;
  static int OrderOf(std::uint64_t bytes) {
    return bytes <= std::uint64_t{1} << kSmallest ? kSmallest : 64 - __builtin_clzll(bytes - 1);
  }

  std::uint8_t* next_;
  std::uint8_t* end_;
  Free* free_[kOrders] = {};
};

}  // namespace breakproof::harness
