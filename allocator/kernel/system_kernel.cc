// The only file of the allocator that makes system calls (but for futex in lock.h). errno is saved around each:
// the interface alone decides what a caller sees in it.
#include <errno.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>

#include "allocator/kernel/kernel.h"

namespace breakproof::allocator {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

class ErrnoKept {
 public:
  ErrnoKept() : saved_(errno) {}
  ~ErrnoKept() { errno = saved_; }

 private:
  int saved_;
};

// Through libc, never by the raw call: libc keeps its own idea of the break, and whoever calls sbrk next
// would get our memory.
void* MoveBreak(void*, std::intptr_t increment) {
  const ErrnoKept kept;
  void* const old = sbrk(increment);
  return old == reinterpret_cast<void*>(-1) ? nullptr : old;
}

void* Map(void*, std::size_t length) {
  const ErrnoKept kept;
  void* const map = mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return map == MAP_FAILED ? nullptr : map;
}

// Hardly any of it is ever touched: a huge page of it would be two mebibytes for a few bytes. The advice is the kernel's
// to ignore, where it knows no huge pages.
void* MapMetadata(void* context, std::size_t length) {
  void* const map = Map(context, length);
  const ErrnoKept kept;
  if (map != nullptr && length >= kHugePage) madvise(map, length, MADV_NOHUGEPAGE);
  return map;
}

bool Unmap(void*, void* address, std::size_t length) {
  const ErrnoKept kept;
  return munmap(address, length) == 0;
}

void* Remap(void*, void* address, std::size_t old_length, std::size_t new_length) {
  const ErrnoKept kept;
  void* const map = mremap(address, old_length, new_length, MREMAP_MAYMOVE);
  return map == MAP_FAILED ? nullptr : map;
}

bool Discard(void*, void* address, std::size_t length) {
  const ErrnoKept kept;
  return madvise(address, length, MADV_DONTNEED) == 0;
}

// What the processor has counted: tells, for next to nothing, that hardly any time has gone by. 0: it cannot be asked.
std::uint64_t Ticks() {
#if defined(__x86_64__)
  return __builtin_ia32_rdtsc();
#else
  return 0;
#endif
}

// The kernel is asked by a call of its own: libc's clock_gettime takes less time, but lies far from all else that a small
// program needs of libc, and would make 64 KiB of it resident. An answer is good for less than a millisecond, which is
// less than this clock can tell.
std::uint64_t Now(void*) {
  constexpr std::uint64_t kTicksAnAnswer = std::uint64_t{1} << 20;  // processors count 1 to 5 a nanosecond
  static std::atomic<std::uint64_t> asked_at, answer;
  const std::uint64_t ticks = Ticks();
  // Behind another processor's count the difference is huge, and the kernel is asked.
  if (ticks - asked_at.load(std::memory_order_acquire) < kTicksAnAnswer && ticks != 0) {
    return answer.load(std::memory_order_relaxed);
  }
  const ErrnoKept kept;
  timespec time;
  syscall(SYS_clock_gettime, CLOCK_MONOTONIC_COARSE, &time);
  const std::uint64_t now =
      static_cast<std::uint64_t>(time.tv_sec) * 1000 + static_cast<std::uint64_t>(time.tv_nsec) / 1000000;
  answer.store(now, std::memory_order_relaxed);
  asked_at.store(ticks, std::memory_order_release);
  return now;
}

// Without the system call the bits that the kernel gave the process at its start do: they are used by libc, so
// they are mixed (splitmix64) and not shown as they are.
std::uint64_t Entropy(void*) {
  const ErrnoKept kept;
  std::uint64_t bits;
  // Not libc's getrandom: it lies far from all else that a small program needs of libc, and would make that resident.
  if (syscall(SYS_getrandom, &bits, sizeof bits, GRND_NONBLOCK) == sizeof bits) return bits;
  memcpy(&bits, reinterpret_cast<const void*>(getauxval(AT_RANDOM)), sizeof bits);
  bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9;
  bits = (bits ^ (bits >> 27)) * 0x94d049bb133111eb;
  return bits ^ (bits >> 31);
}

}  // namespace

constinit const Kernel kSystemKernel = {nullptr, MoveBreak, Map, MapMetadata, Unmap, Remap, Discard, Now, Entropy};

}  // namespace breakproof::allocator
