// M_PERTURB: what is allocated is filled with the complement of the byte, what is freed with the byte itself, and calloc
// still zeroes. As an argument: where the byte comes from, "environment" or "mallopt".
#include "tests/conformance/check.h"

#include <malloc.h>
#include <pthread.h>

#include <initializer_list>
#include <new>

namespace {

constexpr unsigned char kByte = 0x5a;
constexpr unsigned char kFresh = 0xa5;
constexpr size_t kLink = 16;  // a free block may begin with links
constexpr size_t kSizes[] = {1, 24, 100, 1024, 1025, 5000, 100000, 127000};

bool IsFilled(const void* block, size_t from, size_t to, unsigned char byte) {
  const auto* const bytes = static_cast<const unsigned char*>(block);
  for (size_t i = from; i < to; ++i) {
    if (bytes[i] != byte) return false;
  }
  return true;
}

void CheckFresh(size_t size) {
  void* blocks[] = {OPAQUE(malloc)(size), OPAQUE(realloc)(nullptr, size), OPAQUE(memalign)(256, size),
                    OPAQUE(aligned_alloc)(64, size), OPAQUE(valloc)(size), OPAQUE(reallocarray)(nullptr, size, 1)};
  for (void* block : blocks) {
    CHECK(IsFilled(block, 0, size, kFresh));
    free(block);
  }
  void* const zeroed = OPAQUE(calloc)(size, 1);
  CHECK(IsFilled(zeroed, 0, size, 0));
  free(zeroed);
  void* const object = ::operator new(size);
  CHECK(IsFilled(object, 0, size, kFresh));
  ::operator delete(object);
}

// Reading what was freed is wrong in a program, which is the point of the filling.
void CheckFreed(size_t size) {
  void* (*volatile allocate)(size_t) = malloc;
  auto* volatile block = static_cast<unsigned char*>(allocate(size));
  void* const neighbour = allocate(size);  // pins the memory
  memset(block, 1, size);
  free(block);
  if (size <= 1024) CHECK(IsFilled(block, kLink, size, kByte));
  free(neighbour);
}

void CheckRealloc() {
  auto* block = static_cast<unsigned char*>(OPAQUE(malloc)(100));
  memset(block, 7, 100);
  for (const size_t size : kSizes) {
    if (size <= 100) continue;
    block = static_cast<unsigned char*>(OPAQUE(realloc)(block, size));
    CHECK(IsFilled(block, 0, 100, 7));
    const size_t usable = malloc_usable_size(block);
    CHECK(IsFilled(block, 128, size, kFresh));
    memset(block + 100, kFresh, usable - 100);
  }
  block = static_cast<unsigned char*>(OPAQUE(realloc)(block, 50));
  CHECK(IsFilled(block, 0, 50, 7));
  free(block);
}

void CheckAll() {
  for (int i = 0; i < 50; ++i) {
    for (const size_t size : kSizes) {
      CheckFresh(size);
      CheckFreed(size);
    }
    CheckRealloc();
  }
}

void* CheckInThread(void*) {
  CheckAll();
  return nullptr;
}

}  // namespace

int main(int argc, char** argv) {
  CHECK(IsExpectedMalloc());
  CHECK(argc == 2);
  if (strcmp(argv[1], "mallopt") == 0) {
    void* const before = OPAQUE(malloc)(100);  // the thread has begun, unperturbed
    CHECK(mallopt(M_PERTURB, kByte) == 1);
    free(before);
  }
  CheckAll();
  pthread_t thread;
  CHECK(pthread_create(&thread, nullptr, CheckInThread, nullptr) == 0);
  CHECK(pthread_join(thread, nullptr) == 0);
  // And off again.
  CHECK(mallopt(M_PERTURB, 0) == 1);
  auto* volatile block = static_cast<unsigned char*>(OPAQUE(malloc)(1000));
  memset(block, 1, 1000);
  free(block);
  CHECK(IsFilled(block, kLink, 1000, 1));
}
