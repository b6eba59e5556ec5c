// A lock of one word that sleeps in the kernel. Zero-initialised is unlocked, so it works in static memory
// before any constructor ran.
#pragma once

#include <linux/futex.h>

#include <atomic>
#include <cstdint>

#include "allocator/base/system_call.h"

namespace breakproof::allocator {

// After Drepper, "Futexes are tricky": 0 free, 1 held, 2 held and somebody may sleep.
class Lock {
 public:
  void Acquire() {
    std::uint32_t expected = 0;
    if (word_.compare_exchange_strong(expected, 1, std::memory_order_acquire)) return;
    AcquireSlowly();
  }

  void Release() {
    if (word_.exchange(0, std::memory_order_release) == 2) {
      SystemCall(SYS_futex, AsArgument(&word_), FUTEX_WAKE_PRIVATE, 1);
    }
  }

  // In the child of a fork nobody else holds or awaits it.
  void Reset() { word_.store(0, std::memory_order_relaxed); }

 private:
  // Tells the processor that it waits.
  static void Pause() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
  }

  __attribute__((noinline)) void AcquireSlowly() {
    constexpr int kSpins = 100;  // what a holder does takes about a microsecond
    for (int i = 0; i < kSpins; ++i) {
      std::uint32_t expected = 0;
      if (word_.compare_exchange_weak(expected, 1, std::memory_order_acquire)) return;
      Pause();
    }
    while (word_.exchange(2, std::memory_order_acquire) != 0) {
      SystemCall(SYS_futex, AsArgument(&word_), FUTEX_WAIT_PRIVATE, 2);
    }
  }

  std::atomic<std::uint32_t> word_;
};

class LockGuard {
 public:
  explicit LockGuard(Lock& lock) : lock_(lock) { lock_.Acquire(); }
  ~LockGuard() { lock_.Release(); }
  LockGuard(const LockGuard&) = delete;
  LockGuard& operator=(const LockGuard&) = delete;

 private:
  Lock& lock_;
};

}  // namespace breakproof::allocator
