// System calls without libc: no errno, no cached break, no allocation.
#pragma once

#include <cstdint>

namespace breakproof::harness {

// Returns what the kernel returns: a value, or -errno.
inline long RawCall(long number, std::uint64_t a = 0, std::uint64_t b = 0, std::uint64_t c = 0, std::uint64_t d = 0,
                    std::uint64_t e = 0, std::uint64_t f = 0) {
  long result;
  register std::uint64_t r10 asm("r10") = d;
  register std::uint64_t r8 asm("r8") = e;
  register std::uint64_t r9 asm("r9") = f;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  return result;
}

inline bool IsError(long result) { return result < 0 && result >= -4095; }

}  // namespace breakproof::harness
