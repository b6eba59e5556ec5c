// Every allocation function against every release function that may follow it. A member of the family that was left to
// another library shows here: its blocks are not ours to free.
#include "tests/conformance/check.h"

#include <malloc.h>
#include <stdint.h>

#include <initializer_list>
#include <new>

// No header of glibc 2.36 declares them.
#define UNDECLARED extern "C" __attribute__((weak))
UNDECLARED void free_sized(void* block, size_t size);
UNDECLARED void free_aligned_sized(void* block, size_t alignment, size_t size);
UNDECLARED void* __libc_malloc(size_t size);
UNDECLARED void* __libc_calloc(size_t count, size_t size);
UNDECLARED void* __libc_realloc(void* block, size_t size);
UNDECLARED void* __libc_memalign(size_t alignment, size_t size);
UNDECLARED void* __libc_valloc(size_t size);
UNDECLARED void* __libc_pvalloc(size_t size);
UNDECLARED void __libc_free(void* block);

namespace {

constexpr size_t kAlignment = 64;
constexpr std::align_val_t kAlign{kAlignment};

// Which release functions may follow: the standards let an operator's block go to the matching operator alone.
enum Kind { kC, kAlignedC, kPages, kNew, kNewArray, kAlignedNew, kAlignedNewArray };

struct Allocation {
  const char* name;
  Kind kind;
  void* (*allocate)(size_t size);
};

struct Release {
  const char* name;
  unsigned kinds;  // bit k: blocks of kind k
  void (*release)(void* block, size_t size);
};

constexpr unsigned Of(Kind kind) { return 1u << kind; }
constexpr unsigned kAnyC = Of(kC) | Of(kAlignedC) | Of(kPages);

const Allocation kAllocations[] = {
    {"malloc", kC, [](size_t size) { return OPAQUE(malloc)(size); }},
    {"calloc", kC, [](size_t size) { return OPAQUE(calloc)(1, size); }},
    {"realloc", kC, [](size_t size) { return OPAQUE(realloc)(nullptr, size); }},
    {"reallocarray", kC, [](size_t size) { return OPAQUE(reallocarray)(nullptr, 1, size); }},
    {"grown by realloc", kC, [](size_t size) { return OPAQUE(realloc)(OPAQUE(malloc)(size / 3), size); }},
    {"memalign", kAlignedC, [](size_t size) { return OPAQUE(memalign)(kAlignment, size); }},
    {"aligned_alloc", kAlignedC, [](size_t size) { return OPAQUE(aligned_alloc)(kAlignment, size); }},
    {"posix_memalign", kAlignedC,
     [](size_t size) {
       void* block = nullptr;
       CHECK(OPAQUE(posix_memalign)(&block, kAlignment, size) == 0);
       return block;
     }},
    {"valloc", kPages, [](size_t size) { return OPAQUE(valloc)(size); }},
    {"pvalloc", kPages, [](size_t size) { return OPAQUE(pvalloc)(size); }},
    {"__libc_malloc", kC, [](size_t size) { return __libc_malloc(size); }},
    {"__libc_calloc", kC, [](size_t size) { return __libc_calloc(1, size); }},
    {"__libc_realloc", kC, [](size_t size) { return __libc_realloc(nullptr, size); }},
    {"__libc_memalign", kAlignedC, [](size_t size) { return __libc_memalign(kAlignment, size); }},
    {"__libc_valloc", kPages, [](size_t size) { return __libc_valloc(size); }},
    {"__libc_pvalloc", kPages, [](size_t size) { return __libc_pvalloc(size); }},
    {"new", kNew, [](size_t size) { return ::operator new(size); }},
    {"new nothrow", kNew, [](size_t size) { return ::operator new(size, std::nothrow); }},
    {"new[]", kNewArray, [](size_t size) { return ::operator new[](size); }},
    {"new[] nothrow", kNewArray, [](size_t size) { return ::operator new[](size, std::nothrow); }},
    {"new aligned", kAlignedNew, [](size_t size) { return ::operator new(size, kAlign); }},
    {"new aligned nothrow", kAlignedNew, [](size_t size) { return ::operator new(size, kAlign, std::nothrow); }},
    {"new[] aligned", kAlignedNewArray, [](size_t size) { return ::operator new[](size, kAlign); }},
    {"new[] aligned nothrow", kAlignedNewArray,
     [](size_t size) { return ::operator new[](size, kAlign, std::nothrow); }},
};

const Release kReleases[] = {
    {"free", kAnyC, [](void* block, size_t) { OPAQUE(free)(block); }},
    {"__libc_free", kAnyC, [](void* block, size_t) { __libc_free(block); }},
    {"realloc to 0", kAnyC, [](void* block, size_t) { CHECK(OPAQUE(realloc)(block, 0) == nullptr); }},
    {"grown and freed", kAnyC, [](void* block, size_t size) { free(OPAQUE(realloc)(block, 2 * size + 100)); }},
    {"free_sized", Of(kC), [](void* block, size_t size) { free_sized(block, size); }},
    {"free_aligned_sized", Of(kAlignedC), [](void* block, size_t size) { free_aligned_sized(block, kAlignment, size); }},
    {"delete", Of(kNew), [](void* block, size_t) { ::operator delete(block); }},
    {"delete nothrow", Of(kNew), [](void* block, size_t) { ::operator delete(block, std::nothrow); }},
    {"delete sized", Of(kNew), [](void* block, size_t size) { ::operator delete(block, size); }},
    {"delete[]", Of(kNewArray), [](void* block, size_t) { ::operator delete[](block); }},
    {"delete[] nothrow", Of(kNewArray), [](void* block, size_t) { ::operator delete[](block, std::nothrow); }},
    {"delete[] sized", Of(kNewArray), [](void* block, size_t size) { ::operator delete[](block, size); }},
    {"delete aligned", Of(kAlignedNew), [](void* block, size_t) { ::operator delete(block, kAlign); }},
    {"delete aligned nothrow", Of(kAlignedNew),
     [](void* block, size_t) { ::operator delete(block, kAlign, std::nothrow); }},
    {"delete sized aligned", Of(kAlignedNew), [](void* block, size_t size) { ::operator delete(block, size, kAlign); }},
    {"delete[] aligned", Of(kAlignedNewArray), [](void* block, size_t) { ::operator delete[](block, kAlign); }},
    {"delete[] aligned nothrow", Of(kAlignedNewArray),
     [](void* block, size_t) { ::operator delete[](block, kAlign, std::nothrow); }},
    {"delete[] sized aligned", Of(kAlignedNewArray),
     [](void* block, size_t size) { ::operator delete[](block, size, kAlign); }},
};

int Try(const Allocation& allocation, const Release& release) {
  for (const size_t size : {size_t{1}, size_t{64}, size_t{1000}, size_t{5000}, size_t{140000}, size_t{3000000}}) {
    auto* const block = static_cast<char*>(allocation.allocate(size));
    const bool is_aligned = allocation.kind == kAlignedC || allocation.kind == kPages || allocation.kind >= kAlignedNew;
    if (block == nullptr || malloc_usable_size(block) < size ||
        reinterpret_cast<uintptr_t>(block) % (is_aligned ? kAlignment : 16) != 0) {
      fprintf(stderr, "%s of %zu bytes: no such block\n", allocation.name, size);
      _exit(1);
    }
    memset(block, 1, size);
    release.release(block, size);
  }
  return 1;
}

}  // namespace

int main() {
  CHECK(IsExpectedMalloc());
  int pairs = 0;
  for (const Allocation& allocation : kAllocations) {
    for (const Release& release : kReleases) {
      if (release.kinds & Of(allocation.kind)) pairs += Try(allocation, release);
    }
  }
  CHECK(pairs == 16 * 4 + 8 + 4 + 4 * 2 * 3);
  printf("%d pairs of allocation and release\n", pairs);
}
