// What a heap of the zoo provides to the entry points of the malloc family (family.cc), and what both share.
//
// One lock for everything, held by the entry points: speed is not the point.
#pragma once

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#include "tests/zoo/heaps/defect.h"

namespace zoo {

inline constexpr size_t kPage = 4096;

// --- Provided by the heap; called with the lock held ---

// A block, or nullptr if memory is short; `alignment` is a power of two, at least 16. *is_zero: its bytes are.
void* Take(size_t size, size_t alignment, bool* is_zero);
void Give(void* block);
// The same by who knows how many bytes were asked for, and with which alignment.
void GiveSized(void* block, size_t size, size_t alignment);
size_t Usable(void* block);
// The block with its size changed and its prefix kept, perhaps elsewhere. nullptr: take, copy and give instead; or
// with *failed, memory is short and the block is as it was.
void* ResizeInPlace(void* block, size_t size, bool* failed);

// --- For both ---

constexpr size_t RoundUp(size_t n, size_t multiple) { return (n + multiple - 1) / multiple * multiple; }

inline char* Map(size_t bytes) {
  void* const map = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return map == MAP_FAILED ? nullptr : static_cast<char*>(map);
}

inline pthread_mutex_t the_lock = PTHREAD_MUTEX_INITIALIZER;

class Lock {
 public:
  Lock() { pthread_mutex_lock(&the_lock); }
  ~Lock() { pthread_mutex_unlock(&the_lock); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
};

}  // namespace zoo
