// A heap that reads payloads, which rule H9 forbids, under generated cases.
//
//   nosy_heap none             does not: the twin
//   nosy_heap neighbour        malloc looks at the first byte of the block that was made before
//   nosy_heap usable           malloc_usable_size looks at a block other than its argument
//   nosy_heap free             free looks at a block other than its argument
#include <sys/mman.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "harness/search/generate/generator.h"
#include "harness/subject/in_process.h"

using namespace breakproof::harness;

namespace {

std::string_view habit;
volatile char seen;

// Never gives anything back; a block has its size in front.
constexpr std::size_t kArena = std::size_t{1} << 30, kHeader = 16;
char* arena;
std::size_t used;
char* last_block;

std::size_t& SizeOf(void* block) { return *reinterpret_cast<std::size_t*>(static_cast<char*>(block) - kHeader); }

void* Aligned(std::size_t alignment, std::size_t size) {
  if (alignment < kHeader) alignment = kHeader;
  if (size > kArena || alignment > kArena) {
    errno = ENOMEM;
    return nullptr;
  }
  const auto base = reinterpret_cast<std::uintptr_t>(arena);
  const std::size_t start = (base + used + kHeader + alignment - 1) / alignment * alignment - base;
  if (start > kArena - size) {
    errno = ENOMEM;
    return nullptr;
  }
  used = start + (size + kHeader - 1) / kHeader * kHeader;
  char* const block = arena + start;
  SizeOf(block) = size;
  if (habit == "neighbour" && last_block != nullptr && SizeOf(last_block) != 0) seen = *last_block;
  if (size != 0) last_block = block;
  return block;
}

void* Malloc(std::size_t size) { return Aligned(kHeader, size); }
void* Calloc(std::size_t count, std::size_t size) {
  std::size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) return Malloc(SIZE_MAX);
  return Malloc(bytes);  // never recycled, so it is zero
}
void Free(void* block) {
  if (habit == "free" && last_block != nullptr && block != last_block && block != nullptr) seen = *last_block;
  if (block == last_block) last_block = nullptr;
}
void* Realloc(void* block, std::size_t size) {
  if (block == nullptr) return Malloc(size);
  if (size == 0) return Free(block), nullptr;
  const std::size_t old_size = SizeOf(block);
  if (last_block == block) last_block = nullptr;
  void* const moved = Malloc(size);
  if (moved != nullptr) std::memcpy(moved, block, old_size < size ? old_size : size);
  return moved;
}
void* Reallocarray(void* block, std::size_t count, std::size_t size) {
  std::size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) return Malloc(SIZE_MAX);
  return Realloc(block, bytes);
}
void* Memalign(std::size_t alignment, std::size_t size) {
  while ((alignment & (alignment - 1)) != 0) alignment += alignment & -alignment;
  return Aligned(alignment, size);
}
int PosixMemalign(void** result, std::size_t alignment, std::size_t size) {
  if (alignment < sizeof(void*) || (alignment & (alignment - 1)) != 0) return EINVAL;
  const int saved = errno;
  void* const block = Aligned(alignment, size);
  errno = saved;
  if (block == nullptr) return ENOMEM;
  *result = block;
  return 0;
}
void* Valloc(std::size_t size) { return Aligned(4096, size); }
void* Pvalloc(std::size_t size) {
  return size > SIZE_MAX - 4095 ? Malloc(SIZE_MAX) : Aligned(4096, (size + 4095) / 4096 * 4096);
}
std::size_t UsableSize(void* block) {
  if (block == nullptr) return 0;
  const std::size_t size = SizeOf(block);
  if (habit == "usable" && last_block != nullptr && block != last_block) seen = last_block[0];
  return size;
}

constexpr MallocFamily kFamily = {.malloc = Malloc,
                                  .calloc = Calloc,
                                  .realloc = Realloc,
                                  .reallocarray = Reallocarray,
                                  .free = Free,
                                  .memalign = Memalign,
                                  .aligned_alloc = Memalign,
                                  .posix_memalign = PosixMemalign,
                                  .valloc = Valloc,
                                  .pvalloc = Pvalloc,
                                  .malloc_usable_size = UsableSize,
                                  .mallopt = nullptr,
                                  .sbrk = nullptr};

void NewArena() {
  if (arena != nullptr) munmap(arena, kArena);
  arena = static_cast<char*>(
      mmap(nullptr, kArena, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  used = 0;
  last_block = nullptr;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  habit = argv[1];
  for (std::uint64_t n = 0; n < 60; ++n) {
    NewArena();
    const Case c = GenerateCase(1, n, kAllEntries);
    for (const CaseViolation& violation : RunInProcess(c, kFamily).violations) {
      std::fprintf(stderr, "%s: expected %s, actual %s\n",
                   std::string(breakproof::model::TextOf(violation.what.rule).id).c_str(),
                   violation.what.expected.c_str(), violation.what.actual.c_str());
      return 1;
    }
  }
  return 0;
}
