// A heap: one page heap, and the thread heaps that retail from it. Explicit objects over an injected kernel.
//
// A process has one (interface/); tests make as many as they like and drive their thread heaps on one thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include "allocator/kernel/kernel.h"
#include "allocator/pages/page_heap.h"

namespace breakproof::allocator {

class ThreadHeap;

// Threads alive at a time; ids are 1 to this. A thread beyond them gets NULL from every call.
inline constexpr std::uint64_t kMaxThreadHeaps = 65534;
// The id of a placeholder: no block has this owner, so every fast path leads it to a slow one.
inline constexpr std::uint64_t kNoThread = 65535;

class Heap {
 public:
  // Zero-initialised memory plus this call is a heap.
  void Init(const Kernel& kernel);

  constexpr PageHeap& pages() { return pages_; }
  const PageHeap& pages() const { return pages_; }

  // A thread heap for a thread that begins: one that a finished thread left, blocks and all, or a fresh one.
  // nullptr if there is no memory.
  ThreadHeap* Attach();
  // The thread has ended: what is still live waits for the next thread. So does a little of what it kept at hand, in a few
  // warm thread heaps: threads that come and go in turn then do not buy and give back a slab of each class, each time
  // under the lock. All others have nothing at hand.
  void Detach(ThreadHeap* thread);
  // All that idle thread heaps have at hand, and what others have freed for them, goes back.
  void FlushIdle();

  // Before `pages` are taken: sees to an idle thread heap, and flushes warm ones while the peak would rise.
  void MakeRoom(std::uint64_t pages);

  // Blocks freed for threads that have ended are seen to by those that have not, a little at a time.
  void DrainOneIdle();

  // Called for every block that a thread without a thread heap of its own frees, before it is, with its usable size: a
  // debugging aid may have put the placeholder in the thread heap's place. Returns the real one, or nullptr.
  using BeforeFree = ThreadHeap* (*)(void* block, std::size_t usable);
  void SetBeforeFree(BeforeFree function) { __atomic_store_n(&before_free_, function, __ATOMIC_RELAXED); }
  BeforeFree before_free() const { return __atomic_load_n(&before_free_, __ATOMIC_RELAXED); }

  // What the marks of free blocks are made with.
  std::uint64_t secret() const { return secret_; }
  std::uint64_t thread_count() const { return __atomic_load_n(&thread_count_, __ATOMIC_ACQUIRE); }
  ThreadHeap* Thread(std::uint64_t id) { return threads_[id]; }

 private:
  PageHeap pages_;
  // Without the lock it may be a moment old.
  std::uint64_t warm_count() const { return __atomic_load_n(&warm_count_, __ATOMIC_RELAXED); }
  void SetWarmCount(std::uint64_t count) { __atomic_store_n(&warm_count_, count, __ATOMIC_RELAXED); }
  bool WouldRaisePeak(std::uint64_t pages);
  bool FlushOneWarm();
  bool KeepWarm(ThreadHeap* thread);
  ThreadHeap* TakeWarm(std::uint64_t index);
  ThreadHeap* TakeWarmWithFrees();
  void AppendIdle(ThreadHeap* thread);
  ThreadHeap* TakeIdle();

  // Left by finished threads; protected by the page heap's lock. Warm ones are used before the others, the last one left
  // first; what others free for them is seen to as well.
  static constexpr std::uint64_t kMostWarm = 4;
  std::uint64_t warm_count_;
  ThreadHeap* warm_[kMostWarm];  // the oldest first
  ThreadHeap* first_idle_;       // nothing at hand, a queue
  ThreadHeap* last_idle_;
  BeforeFree before_free_;
  std::uint64_t secret_;
  std::uint64_t thread_count_;   // made so far; their ids are 1 to this
  ThreadHeap* threads_[kMaxThreadHeaps + 1];
};

}  // namespace breakproof::allocator
