// Memory, time and random bits of the kernel. errno stays as it is: the interface alone decides what a caller sees in it.
#include <errno.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <atomic>

#include "allocator/base/system_call.h"
#include "allocator/kernel/kernel.h"

#ifdef __GLIBC__
// The names by which glibc calls them itself. A program may define sbrk and getauxval, and allocate there; names that
// begin with two underscores are not a program's to define.
extern "C" void* __sbrk(std::intptr_t increment) noexcept;
extern "C" unsigned long __getauxval(unsigned long type) noexcept;
#else
#define __sbrk sbrk
#define __getauxval getauxval
#endif

namespace breakproof::allocator {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

long AsNumber(std::size_t length) { return static_cast<long>(length); }

void* AddressOrNull(long result) {
  return IsRefusal(result) ? nullptr : reinterpret_cast<void*>(static_cast<std::uintptr_t>(result));
}

bool Advise(void* address, std::size_t length, int advice) {
  return SystemCall(SYS_madvise, AsArgument(address), AsNumber(length), advice) == 0;
}

// Through libc, never by the raw call: libc keeps its own idea of the break, and whoever calls sbrk next
// would get our memory.
void* MoveBreak(void*, std::intptr_t increment) {
  const int saved_errno = errno;
  void* const old = __sbrk(increment);
  errno = saved_errno;
  return old == reinterpret_cast<void*>(-1) ? nullptr : old;
}

void* Map(void*, std::size_t length) {
  return AddressOrNull(SystemCall(SYS_mmap, 0, AsNumber(length), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1));
}

// Hardly any of it is ever touched: a huge page of it would be two mebibytes for a few bytes. The advice is the kernel's
// to ignore, where it knows no huge pages.
void* MapMetadata(void* context, std::size_t length) {
  void* const map = Map(context, length);
  if (map != nullptr && length >= kHugePage) Advise(map, length, MADV_NOHUGEPAGE);
  return map;
}

bool Unmap(void*, void* address, std::size_t length) {
  return SystemCall(SYS_munmap, AsArgument(address), AsNumber(length)) == 0;
}

void* Remap(void*, void* address, std::size_t old_length, std::size_t new_length) {
  return AddressOrNull(
      SystemCall(SYS_mremap, AsArgument(address), AsNumber(old_length), AsNumber(new_length), MREMAP_MAYMOVE));
}

bool Discard(void*, void* address, std::size_t length) {
  return Advise(address, length, MADV_DONTNEED);
}

// What the processor has counted: tells, for next to nothing, that hardly any time has gone by. 0: it cannot be asked.
std::uint64_t Ticks() {
#if defined(__x86_64__)
  return __builtin_ia32_rdtsc();
#else
  return 0;
#endif
}

// libc's clock_gettime takes less time, but lies far from all else that a small program needs of libc, and would make
// 64 KiB of it resident. An answer is good for less than a millisecond, which is less than this clock can tell.
std::uint64_t Now(void*) {
  constexpr std::uint64_t kTicksAnAnswer = std::uint64_t{1} << 20;  // processors count 1 to 5 a nanosecond
  static std::atomic<std::uint64_t> asked_at, answer;
  const std::uint64_t ticks = Ticks();
  // Behind another processor's count the difference is huge, and the kernel is asked.
  if (ticks - asked_at.load(std::memory_order_acquire) < kTicksAnAnswer && ticks != 0) {
    return answer.load(std::memory_order_relaxed);
  }
  timespec time{};
  SystemCall(SYS_clock_gettime, CLOCK_MONOTONIC_COARSE, AsArgument(&time));
  const std::uint64_t now =
      static_cast<std::uint64_t>(time.tv_sec) * 1000 + static_cast<std::uint64_t>(time.tv_nsec) / 1000000;
  answer.store(now, std::memory_order_relaxed);
  asked_at.store(ticks, std::memory_order_release);
  return now;
}

// Without the system call the bits that the kernel gave the process at its start do: they are used by libc, so
// they are mixed (splitmix64) and not shown as they are.
std::uint64_t Entropy(void*) {
  std::uint64_t bits = 0;
  if (SystemCall(SYS_getrandom, AsArgument(&bits), sizeof bits, GRND_NONBLOCK) == sizeof bits) return bits;
  memcpy(&bits, reinterpret_cast<const void*>(__getauxval(AT_RANDOM)), sizeof bits);
  bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9;
  bits = (bits ^ (bits >> 27)) * 0x94d049bb133111eb;
  return bits ^ (bits >> 31);
}

}  // namespace

constinit const Kernel kSystemKernel = {nullptr, MoveBreak, Map, MapMetadata, Unmap, Remap, Discard, Now, Entropy};

}  // namespace breakproof::allocator
