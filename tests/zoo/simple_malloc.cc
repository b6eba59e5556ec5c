// The smallest malloc that keeps every rule, and what it becomes when one line is wrong.
//
// Built once as it is (the twin) and once for each mutant: BREAKPROOF_MUTANT names the wrong line. Chunks
// are powers of two, taken from mappings and kept on free lists; larger ones are mappings of their own. A
// header in front of each block knows its chunk. One lock for everything: speed is not the point.
#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace {

enum Mutant { kNone, kOverlappingBlocks, kReallocLosesTail, kCallocKeepsDirt };

#ifdef BREAKPROOF_MUTANT
constexpr Mutant kMutant = BREAKPROOF_MUTANT;
#else
constexpr Mutant kMutant = kNone;
#endif

constexpr size_t kPage = 4096;
constexpr size_t kSmallestChunk = 32;      // bytes, header included
constexpr size_t kLargestChunk = 64 * 1024;
constexpr size_t kSupply = 256 * 1024;     // bytes mapped at a time
constexpr int kClasses = 12;               // 32, 64, ... 64 KiB

struct Header {
  char* chunk;
  size_t chunk_bytes;
};
static_assert(sizeof(Header) == 16, "blocks stay aligned to 16");

struct FreeChunk {
  FreeChunk* next;
};

pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
FreeChunk* free_lists[kClasses];
char* supply;
size_t supply_left;

Header* HeaderOf(void* block) { return static_cast<Header*>(block) - 1; }

int ClassOf(size_t bytes) {
  int size_class = 0;
  while ((kSmallestChunk << size_class) < bytes) ++size_class;
  return size_class;
}

char* Map(size_t bytes) {
  void* const map = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return map == MAP_FAILED ? nullptr : static_cast<char*>(map);
}

char* Carve(size_t bytes) {
  if (supply_left < bytes) {
    char* const fresh = Map(kSupply);
    if (fresh == nullptr) return nullptr;
    supply = fresh;
    supply_left = kSupply;
  }
  char* const chunk = supply;
  const size_t step = kMutant == kOverlappingBlocks && bytes == 256 ? kSmallestChunk : bytes;
  supply += step;
  supply_left -= step;
  return chunk;
}

char* TakeChunk(size_t* bytes) {
  if (*bytes > kLargestChunk) {
    *bytes = (*bytes + kPage - 1) / kPage * kPage;
    return Map(*bytes);
  }
  const int size_class = ClassOf(*bytes);
  *bytes = kSmallestChunk << size_class;
  FreeChunk*& list = free_lists[size_class];
  if (list == nullptr) return Carve(*bytes);
  FreeChunk* const chunk = list;
  list = chunk->next;
  return reinterpret_cast<char*>(chunk);
}

void GiveChunk(char* chunk, size_t bytes) {
  if (bytes > kLargestChunk) {
    munmap(chunk, bytes);
    return;
  }
  auto* const free_chunk = reinterpret_cast<FreeChunk*>(chunk);
  FreeChunk*& list = free_lists[ClassOf(bytes)];
  free_chunk->next = list;
  list = free_chunk;
}

// alignment is a power of two.
void* Allocate(size_t size, size_t alignment) {
  size_t bytes;
  if (size > PTRDIFF_MAX || alignment > PTRDIFF_MAX ||
      __builtin_add_overflow(size + sizeof(Header), alignment > 16 ? alignment : 0, &bytes) ||
      bytes > PTRDIFF_MAX) {
    errno = ENOMEM;
    return nullptr;
  }
  pthread_mutex_lock(&lock);
  char* const chunk = TakeChunk(&bytes);
  pthread_mutex_unlock(&lock);
  if (chunk == nullptr) {
    errno = ENOMEM;
    return nullptr;
  }
  const uintptr_t first = reinterpret_cast<uintptr_t>(chunk) + sizeof(Header);
  auto* const block = reinterpret_cast<char*>((first + alignment - 1) & -alignment);
  *HeaderOf(block) = {chunk, bytes};
  return block;
}

size_t UsableSize(void* block) {
  const Header* const header = HeaderOf(block);
  return static_cast<size_t>(header->chunk + header->chunk_bytes - static_cast<char*>(block));
}

bool IsPowerOfTwo(size_t n) { return n != 0 && (n & (n - 1)) == 0; }

void* AllocateAligned(size_t alignment, size_t size) {
  if (!IsPowerOfTwo(alignment)) {
    errno = EINVAL;
    return nullptr;
  }
  return Allocate(size, alignment < 16 ? 16 : alignment);
}

}  // namespace

EXPORT void* malloc(size_t size) { return Allocate(size, 16); }

EXPORT void free(void* block) {
  if (block == nullptr) return;
  const int saved = errno;
  const Header header = *HeaderOf(block);
  pthread_mutex_lock(&lock);
  GiveChunk(header.chunk, header.chunk_bytes);
  pthread_mutex_unlock(&lock);
  errno = saved;
}

EXPORT void* calloc(size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) {
    errno = ENOMEM;
    return nullptr;
  }
  void* const block = Allocate(bytes, 16);
  // Fresh mappings are zero already; what comes from a free list is not.
  if (block != nullptr && kMutant != kCallocKeepsDirt) memset(block, 0, bytes);
  return block;
}

EXPORT void* realloc(void* block, size_t size) {
  if (block == nullptr) return Allocate(size, 16);
  if (size == 0) {
    free(block);
    return nullptr;
  }
  void* const moved = Allocate(size, 16);
  if (moved == nullptr) return nullptr;
  size_t kept = UsableSize(block);
  if (kMutant == kReallocLosesTail && size > kept) kept -= 8;
  memcpy(moved, block, kept < size ? kept : size);
  free(block);
  return moved;
}

EXPORT void* reallocarray(void* block, size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) {
    errno = ENOMEM;
    return nullptr;
  }
  return realloc(block, bytes);
}

EXPORT void* memalign(size_t alignment, size_t size) { return AllocateAligned(alignment, size); }
EXPORT void* aligned_alloc(size_t alignment, size_t size) { return AllocateAligned(alignment, size); }
EXPORT void* valloc(size_t size) { return AllocateAligned(kPage, size); }

EXPORT void* pvalloc(size_t size) {
  if (size > PTRDIFF_MAX) {
    errno = ENOMEM;
    return nullptr;
  }
  return AllocateAligned(kPage, (size + kPage - 1) / kPage * kPage);
}

EXPORT int posix_memalign(void** result, size_t alignment, size_t size) {
  if (!IsPowerOfTwo(alignment) || alignment % sizeof(void*) != 0) return EINVAL;
  const int saved = errno;
  void* const block = AllocateAligned(alignment, size);
  errno = saved;
  if (block == nullptr) return ENOMEM;
  *result = block;
  return 0;
}

EXPORT size_t malloc_usable_size(void* block) { return block == nullptr ? 0 : UsableSize(block); }
