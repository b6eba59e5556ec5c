// Allocation before libc and the library have been initialised, and after a thread's or the process's own data are gone:
// in .preinit_array, constructors, destructors of thread-local and static objects, of keys, atexit handlers. Blocks of
// one phase are verified and freed in another.
//
// Earlier, in the resolver of an indirect function, nothing that has thread-local state can be called: the dynamic linker
// initialises it after the relocations (elf/rtld.c, _dl_allocate_tls_init).
#include "tests/conformance/check.h"

#include <pthread.h>
#include <stdint.h>

namespace {

// Blocks that wait for another phase. No constructor: used before any ran, and after all ended.
struct Kept {
  static constexpr int kMost = 4096;
  struct Block {
    unsigned char* bytes;
    size_t size;
  };
  Block blocks[kMost];
  int count;
};
Kept kept;  // of the main thread
int phases;

constexpr size_t kSizes[] = {1, 16, 100, 1000, 5000, 40000, 200000};

void Verify(const Kept::Block& block) {
  for (size_t i = 0; i < block.size; ++i) {
    if (block.bytes[i] != static_cast<unsigned char>(block.size + i)) CHECK(!"a block keeps its bytes");
  }
}

void Keep(size_t size, Kept& list) {
  auto* const bytes = static_cast<unsigned char*>(OPAQUE(malloc)(size));
  CHECK(bytes != nullptr);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<unsigned char>(size + i);
  CHECK(list.count < Kept::kMost);
  list.blocks[list.count++] = {bytes, size};
}

// Frees half of what others left, uses every way to allocate, and leaves blocks itself.
void Allocate(Kept& list) {
  for (int i = 0; i < list.count; i += 2) {
    Verify(list.blocks[i]);
    free(list.blocks[i].bytes);
    list.blocks[i] = list.blocks[--list.count];
  }
  for (const size_t size : kSizes) {
    for (int i = 0; i < 4; ++i) Keep(size, list);
    void* block = OPAQUE(calloc)(1, size);
    CHECK(block != nullptr && static_cast<char*>(block)[size - 1] == 0);
    block = OPAQUE(realloc)(block, 3 * size);
    CHECK(block != nullptr);
    free(block);
    block = nullptr;
    CHECK(OPAQUE(posix_memalign)(&block, 256, size) == 0 && reinterpret_cast<uintptr_t>(block) % 256 == 0);
    free(block);
    int* const object = new int[size];
    delete[] object;
  }
}

void Phase() {
  ++phases;
  Allocate(kept);
}

// ---- Before main

__attribute__((section(".preinit_array"), used)) void (*preinit)() = Phase;
__attribute__((constructor(101))) void FirstConstructor() { Phase(); }
struct Static {
  Static() { Phase(); }
  ~Static() { Phase(); }
} static_object;

// ---- After main

struct ThreadLocal {
  Kept* list = &kept;
  ~ThreadLocal() { Allocate(*list); }
};
thread_local ThreadLocal thread_local_object;

__attribute__((destructor(101))) void LastDestructor() {
  Phase();
  CHECK(phases == 7);
  for (int i = 0; i < kept.count; ++i) {
    Verify(kept.blocks[i]);
    free(kept.blocks[i].bytes);
  }
  // The test sees that the end was reached.
  static const char kEnd[] = "the end\n";
  CHECK(write(STDOUT_FILENO, kEnd, sizeof kEnd - 1) == sizeof kEnd - 1);
}

// ---- Threads that end

constexpr int kThreads = 100;
constexpr int kAtOnce = 4;
constexpr int kKeys = 3;
pthread_key_t keys[kKeys];
pthread_mutex_t destroyed_mutex = PTHREAD_MUTEX_INITIALIZER;
int destroyed;

// What two threads with one thread heap could not do: blocks are their own.
void AllocateInDestructor() {
  unsigned char* blocks[100];
  const auto mark = static_cast<unsigned char>(pthread_self() >> 12);
  for (int round = 0; round < 100; ++round) {
    for (unsigned char*& block : blocks) {
      block = static_cast<unsigned char*>(OPAQUE(malloc)(48));
      memset(block, mark, 48);
    }
    for (unsigned char* block : blocks) {
      for (int i = 0; i < 48; ++i) CHECK(block[i] == mark);
      free(block);
    }
  }
}

// Comes back as often as the system lets it, each time with a fresh block: after other keys, the library's among them.
void DestroyKeyed(void* block) {
  CHECK(*static_cast<int*>(block) >= 0);
  const int again = *static_cast<int*>(block) - 1;
  free(block);
  AllocateInDestructor();
  pthread_mutex_lock(&destroyed_mutex);
  ++destroyed;
  pthread_mutex_unlock(&destroyed_mutex);
  if (again < 0) return;
  auto* const next = static_cast<int*>(OPAQUE(malloc)(sizeof(int)));
  *next = again;
  for (const pthread_key_t key : keys) {
    if (pthread_getspecific(key) == nullptr) {
      CHECK(pthread_setspecific(key, next) == 0);
      return;
    }
  }
  free(next);
}

void* Run(void* argument) {
  auto* const list = static_cast<Kept*>(argument);
  thread_local_object.list = list;
  for (int key = 0; key < kKeys; ++key) {
    auto* const block = static_cast<int*>(OPAQUE(malloc)(sizeof(int)));
    *block = 3;
    CHECK(pthread_setspecific(keys[key], block) == 0);
  }
  Allocate(*list);
  return nullptr;
}

void CheckThreads() {
  // One key before the library has made its own, which it does for the second thread; the others after.
  CHECK(pthread_key_create(&keys[0], DestroyKeyed) == 0);
  static Kept lists[kThreads];
  pthread_t threads[kThreads];
  for (int i = 0; i < kThreads; ++i) {
    if (i < 2) CHECK(pthread_key_create(&keys[i + 1], DestroyKeyed) == 0);
    // A few at a time: blocks of ended threads are adopted by later ones.
    if (i >= kAtOnce) CHECK(pthread_join(threads[i - kAtOnce], nullptr) == 0);
    CHECK(pthread_create(&threads[i], nullptr, Run, &lists[i]) == 0);
  }
  for (int i = kThreads - kAtOnce; i < kThreads; ++i) CHECK(pthread_join(threads[i], nullptr) == 0);
  CHECK(destroyed > kThreads * kKeys);
  for (const Kept& list : lists) {
    for (int i = 0; i < list.count; ++i) {
      Verify(list.blocks[i]);
      free(list.blocks[i].bytes);
    }
  }
}

// The first call came before libc knew the environment.
void CheckEnvironment() {
  const char* const perturb = getenv("MALLOC_PERTURB_");
  if (perturb == nullptr) return;
  auto* const block = static_cast<unsigned char*>(OPAQUE(malloc)(100));
  for (int i = 0; i < 100; ++i) CHECK(block[i] == (~atoi(perturb) & 0xff));
  free(block);
}

}  // namespace

int main() {
  CHECK(IsExpectedMalloc());
  CheckEnvironment();
  CHECK(phases == 3);
  CHECK(atexit(Phase) == 0);
  thread_local_object.list = &kept;  // destroyed when the main thread ends, before the atexit handlers
  CheckThreads();
  Phase();
}
