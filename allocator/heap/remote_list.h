// Blocks that other threads have freed, on their way home: any thread pushes, the owner alone takes them all.
#pragma once

#include <atomic>

#include "allocator/heap/misuse.h"

namespace breakproof::allocator {

// A chain goes in with one compare-and-swap, everything comes out with one exchange; no ABA, since nothing is
// ever taken singly. Lock-free. `Atomic` is std::atomic, or an explorer's.
template <template <typename> class Atomic = std::atomic>
class RemoteList {
 public:
  // `last` is reached from `first` by `next`.
  void Push(FreeBlock* first, FreeBlock* last) {
    FreeBlock* head = head_.load(std::memory_order_relaxed);
    do {
      last->next = head;
    } while (!head_.compare_exchange_weak(head, first, std::memory_order_release, std::memory_order_relaxed));
  }

  bool IsEmpty() const { return head_.load(std::memory_order_relaxed) == nullptr; }

  FreeBlock* TakeAll() { return head_.exchange(nullptr, std::memory_order_acquire); }

  // For walkers, while nobody pushes.
  const FreeBlock* Peek() const { return head_.load(std::memory_order_acquire); }

 private:
  Atomic<FreeBlock*> head_ = nullptr;
};

}  // namespace breakproof::allocator
