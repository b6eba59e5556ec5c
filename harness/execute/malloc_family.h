// The entry points of one subject, as pointers that the compiler cannot see through.
//
// Calls to the functions by name would let it assume what their declarations promise (alloc_align,
// alloc_size, malloc) and fold the checks of exactly these promises away.
#pragma once

#include <cstddef>
#include <cstdint>

namespace breakproof::harness {

// C++'s replaceable operators [new.delete]: first those for single objects, then those for arrays. A `tag` is the
// address of std::nothrow. nullptr: the subject leaves it to the C++ library.
struct CppOperators {
  void* (*allocate[2])(std::size_t) = {};
  void* (*allocate_nothrow[2])(std::size_t, const void* tag) = {};
  void* (*allocate_aligned[2])(std::size_t, std::size_t alignment) = {};
  void* (*allocate_aligned_nothrow[2])(std::size_t, std::size_t alignment, const void* tag) = {};
  void (*release[2])(void*) = {};
  void (*release_sized[2])(void*, std::size_t) = {};
  void (*release_nothrow[2])(void*, const void* tag) = {};
  void (*release_aligned[2])(void*, std::size_t alignment) = {};
  void (*release_aligned_sized[2])(void*, std::size_t, std::size_t alignment) = {};
  void (*release_aligned_nothrow[2])(void*, std::size_t alignment, const void* tag) = {};

  // Those that all others of a kind stand on. One of a pair alone is none: blocks of the one would go to the other's heap.
  bool HasPlain() const { return allocate[0] != nullptr && release[0] != nullptr; }
  bool HasAligned() const { return allocate_aligned[0] != nullptr && release_aligned[0] != nullptr; }
};

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
  // How the program itself moves the break: libc's sbrk, or the simulated kernel's. nullptr: it does not.
  void* (*sbrk)(std::intptr_t);

  // nullptr: the subject has none. The first two are C23's, and given free instead.
  void (*free_sized)(void*, std::size_t) = nullptr;
  void (*free_aligned_sized)(void*, std::size_t, std::size_t) = nullptr;
  int (*malloc_trim)(std::size_t) = nullptr;

  // What happens around the subject; nullptr where nobody can make it happen.
  void (*advance_clock)(std::uint64_t milliseconds) = nullptr;
  // From here on the next `count` kernel calls of a type fail (a CallType, kCallTypes for any; UINT64_MAX: all).
  void (*refuse_calls)(int call_type, std::uint64_t count) = nullptr;
  // Somebody else maps a page so that the break can grow by at most `room` bytes.
  void (*block_break)(std::uint64_t room) = nullptr;
  // fork(2), in a process where that is sensible.
  int (*fork)() = nullptr;

  CppOperators operators = {};

  // malloc_usable_size is called for every block, also for those that the program leaves alone.
  bool is_always_asked = false;
};

}  // namespace breakproof::harness
