// Every entry point of the C family: results, errno, alignment, and the values that mallopt refuses. Holds for glibc
// too, but for what C23 adds.
#include "tests/conformance/check.h"

#include <malloc.h>
#include <stdint.h>

#include <initializer_list>

extern "C" {
void free_sized(void* block, size_t size) __attribute__((weak));
void free_aligned_sized(void* block, size_t alignment, size_t size) __attribute__((weak));
}

namespace {

constexpr size_t kAbsurd[] = {PTRDIFF_MAX + size_t{1}, SIZE_MAX - 4095, SIZE_MAX};

template <typename Call>
void FailsWithEnomem(Call call) {
  errno = 0;
  CHECK(call() == nullptr);
  CHECK(errno == ENOMEM);
}

void IsUsable(void* block, size_t size, size_t alignment) {
  CHECK(block != nullptr);
  CHECK(reinterpret_cast<uintptr_t>(block) % alignment == 0);
  CHECK(malloc_usable_size(block) >= size);
  memset(block, 0xa5, malloc_usable_size(block));
  free(block);
}

void CheckPlain() {
  for (const size_t size : {0, 1, 16, 17, 1024, 1025, 40000, 300000, 5000000}) {
    IsUsable(OPAQUE(malloc)(size), size, 16);
    IsUsable(OPAQUE(calloc)(size, 1), size, 16);
    IsUsable(OPAQUE(realloc)(nullptr, size), size, 16);
    IsUsable(OPAQUE(reallocarray)(nullptr, size, 1), size, 16);
    IsUsable(OPAQUE(valloc)(size), size, 4096);
    IsUsable(OPAQUE(pvalloc)(size), (size + 4095) / 4096 * 4096, 4096);
    for (size_t alignment = 16; alignment <= 1 << 20; alignment *= 4) {
      IsUsable(OPAQUE(memalign)(alignment, size), size, alignment);
      IsUsable(OPAQUE(aligned_alloc)(alignment, size), size, alignment);
      void* block = nullptr;
      CHECK(OPAQUE(posix_memalign)(&block, alignment, size) == 0);
      IsUsable(block, size, alignment);
    }
  }
  CHECK(OPAQUE(malloc_usable_size)(nullptr) == 0);
  free(nullptr);
}

void CheckFailures() {
  for (const size_t size : kAbsurd) {
    FailsWithEnomem([=] { return OPAQUE(malloc)(size); });
    FailsWithEnomem([=] { return OPAQUE(calloc)(1, size); });
    FailsWithEnomem([=] { return OPAQUE(realloc)(nullptr, size); });
    FailsWithEnomem([=] { return OPAQUE(memalign)(64, size); });
    FailsWithEnomem([=] { return OPAQUE(aligned_alloc)(64, size); });
    FailsWithEnomem([=] { return OPAQUE(valloc)(size); });
    FailsWithEnomem([=] { return OPAQUE(pvalloc)(size); });
    void* block = nullptr;
    errno = 77;
    CHECK(OPAQUE(posix_memalign)(&block, 64, size) == ENOMEM && block == nullptr);
    CHECK(errno == 77 || free_sized == nullptr);  // glibc's changes it
  }
  // The product overflows to something small.
  FailsWithEnomem([] { return OPAQUE(calloc)(size_t{1} << 33, size_t{1} << 31); });
  FailsWithEnomem([] { return OPAQUE(reallocarray)(nullptr, size_t{1} << 33, size_t{1} << 31); });
  void* block = nullptr;
  for (const size_t alignment : {0, 1, 2, 4, 24, 100}) {
    CHECK(OPAQUE(posix_memalign)(&block, alignment, 10) == EINVAL);
  }
  // A failed reallocarray leaves the block.
  char* const kept = static_cast<char*>(malloc(10));
  strcpy(kept, "kept");
  FailsWithEnomem([=] { return OPAQUE(reallocarray)(kept, SIZE_MAX / 2, 4); });
  CHECK(strcmp(kept, "kept") == 0);
  free(kept);
}

void CheckFreeKeepsErrno() {
  for (const size_t size : {10, 5000, 200000, 4000000}) {
    void* const block = OPAQUE(malloc)(size);
    errno = 77;
    free(block);
    CHECK(errno == 77);
  }
}

// Every size that is right is accepted, however the block came to it: no false alarm.
void CheckRightSizes() {
  unsigned draw = 1;
  const auto size_below = [&draw](size_t limit) {
    draw = draw * 1664525 + 1013904223;
    return (draw >> 8) % limit;
  };
  constexpr size_t kLimits[] = {64, 1100, 5000, 70000, 400000};
  for (size_t size = 0; size < 4200; ++size) {
    free_sized(OPAQUE(malloc)(size), size);
    for (size_t alignment = 1; alignment <= 8192; alignment *= 2) {
      free_aligned_sized(OPAQUE(aligned_alloc)(alignment, size), alignment, size);
    }
  }
  for (int i = 0; i < 30000; ++i) {
    size_t size = size_below(kLimits[size_below(5)]);
    void* block = OPAQUE(malloc)(size);
    for (size_t steps = size_below(5); steps > 0; --steps) {
      size = 1 + size_below(kLimits[size_below(5)]);
      block = OPAQUE(realloc)(block, size);
    }
    free_sized(block, size);
    const size_t alignment = size_t{1} << size_below(15);
    size = size_below(kLimits[size_below(5)]);
    free_aligned_sized(OPAQUE(aligned_alloc)(alignment, size), alignment, size);
  }
}

// C23: like free, for a caller that knows what it asked for.
void CheckSizedFrees() {
  if (free_sized == nullptr) return;
  CheckRightSizes();
  for (const size_t size : {0, 1, 24, 4096, 200000}) {
    errno = 77;
    free_sized(OPAQUE(malloc)(size), size);
    free_sized(OPAQUE(calloc)(1, size), size);
    free_sized(OPAQUE(realloc)(nullptr, size), size);
    free_aligned_sized(OPAQUE(aligned_alloc)(256, size), 256, size);
    CHECK(errno == 77);
  }
  free_sized(nullptr, 10);
  free_aligned_sized(nullptr, 16, 10);
}

void CheckMallopt() {
  CHECK(mallopt(M_MXFAST, 0) == 1 && mallopt(M_MXFAST, 160) == 1);
  CHECK(mallopt(M_MXFAST, 161) == 0 && mallopt(M_MXFAST, -1) == 0);
  for (const int parameter : {M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD, M_MMAP_MAX, M_CHECK_ACTION, M_ARENA_TEST,
                              M_ARENA_MAX, 12345, -100}) {
    for (const int value : {-1, 0, 1 << 30, 128 << 10}) CHECK(mallopt(parameter, value) == 1);
  }
  CHECK(mallopt(M_MMAP_MAX, 65536) == 1);
}

}  // namespace

int main() {
  CHECK(IsExpectedMalloc());
  CheckPlain();
  CheckFailures();
  CheckFreeKeepsErrno();
  CheckSizedFrees();
  CheckMallopt();
  CheckPlain();
  CHECK(mallopt(M_MMAP_THRESHOLD, 8192) == 1);
  CheckSizedFrees();
  CHECK(mallopt(M_MMAP_MAX, 0) == 1);
  CheckSizedFrees();
}
