// The entry points of one subject, as pointers that the compiler cannot see through.
//
// Calls to the functions by name would let it assume what their declarations promise (alloc_align,
// alloc_size, malloc) and fold the checks of exactly these promises away.
#pragma once

#include <cstddef>
#include <cstdint>

namespace breakproof::harness {

struct MallocFamily {
  void* (*malloc)(std::size_t);
  void* (*calloc)(std::size_t, std::size_t);
  void* (*realloc)(void*, std::size_t);
  void* (*reallocarray)(void*, std::size_t, std::size_t);
  void (*free)(void*);
  void* (*memalign)(std::size_t, std::size_t);
  void* (*aligned_alloc)(std::size_t, std::size_t);
  int (*posix_memalign)(void**, std::size_t, std::size_t);
  void* (*valloc)(std::size_t);
  void* (*pvalloc)(std::size_t);
  std::size_t (*malloc_usable_size)(void*);  // nullptr: the subject has none
  int (*mallopt)(int, int);                  // nullptr: the subject has none
  // How the program itself moves the break: libc's sbrk, or the simulated kernel's.
  void* (*sbrk)(std::intptr_t);
};

}  // namespace breakproof::harness
