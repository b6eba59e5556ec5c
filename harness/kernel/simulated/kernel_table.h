// The kernel as a table of functions, as an allocator under test receives it.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

namespace breakproof::harness {

// Signatures, results and errno are those of libc: a failure returns -1 (or MAP_FAILED, (void*)-1) and sets
// errno; a success leaves errno alone. `context` is handed to every function.
struct KernelTable {
  void* context;
  void* (*sbrk)(void* context, std::intptr_t increment);
  void* (*mmap)(void* context, void* hint, std::size_t length, int protection, int flags, int descriptor, off_t offset);
  int (*munmap)(void* context, void* address, std::size_t length);
  void* (*mremap)(void* context, void* address, std::size_t old_length, std::size_t new_length, int flags,
                  void* new_address);
  int (*mprotect)(void* context, void* address, std::size_t length, int protection);
  int (*madvise)(void* context, void* address, std::size_t length, int advice);
};

}  // namespace breakproof::harness
