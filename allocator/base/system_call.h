// System calls by instruction. libc's functions of the same names are symbols that a program may define itself (a tracer
// of mmap, a sandbox around write), and such a function may allocate: called from here, its allocation would come back to
// a heap that is in the middle of a change, and wait for a lock that its own thread holds. None of these calls is a
// cancellation point, and none touches errno.
//
// The exception is the break: libc keeps its own idea of it (kernel/system_kernel.cc).
#pragma once

#include <sys/syscall.h>

#include <cstdint>

namespace breakproof::allocator {

// What the kernel returns: a result, or an error number from -4095 to -1.
inline long SystemCall(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0) {
#if defined(__x86_64__)
  long result;
  register long fourth asm("r10") = d;
  register long fifth asm("r8") = e;
  register long sixth asm("r9") = f;
  asm volatile("syscall"
               : "=a"(result)
               : "0"(number), "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth), "r"(sixth)
               : "rcx", "r11", "memory");
  return result;
#elif defined(__aarch64__)
  register long call asm("x8") = number;
  register long result asm("x0") = a;
  register long second asm("x1") = b;
  register long third asm("x2") = c;
  register long fourth asm("x3") = d;
  register long fifth asm("x4") = e;
  register long sixth asm("x5") = f;
  asm volatile("svc 0"
               : "+r"(result)
               : "r"(call), "r"(second), "r"(third), "r"(fourth), "r"(fifth), "r"(sixth)
               : "memory");
  return result;
#else
#error "how this processor enters the kernel is not known here"
#endif
}

inline bool IsRefusal(long result) { return static_cast<unsigned long>(result) >= static_cast<unsigned long>(-4095L); }

inline long AsArgument(const volatile void* pointer) { return static_cast<long>(reinterpret_cast<std::uintptr_t>(pointer)); }

}  // namespace breakproof::allocator
