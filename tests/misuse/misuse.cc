// MISUSE NAME commits one misuse of the malloc family; MISUSE without a name lists them, a line each: the name, and
// the sentence that the allocator must die with. Each program does one thing wrong, and nothing else.
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

namespace {

// C23, which Debian 12's libc does not have yet.
void FreeSized(void* block, size_t size) {
  reinterpret_cast<void (*)(void*, size_t)>(dlsym(RTLD_DEFAULT, "free_sized"))(block, size);
}
void FreeAlignedSized(void* block, size_t alignment, size_t size) {
  reinterpret_cast<void (*)(void*, size_t, size_t)>(dlsym(RTLD_DEFAULT, "free_aligned_sized"))(block, alignment, size);
}

// The compiler must not see what is wrong.
void* (*volatile allocate)(size_t) = malloc;
void (*volatile release)(void*) = free;
void* (*volatile resize)(void*, size_t) = realloc;
size_t (*volatile usable)(void*) = malloc_usable_size;
char* Block(size_t size) { return static_cast<char*>(allocate(size)); }

void OnAnotherThread(void (*run)(void*), void* argument) {
  static void (*todo)(void*);
  todo = run;
  pthread_t thread;
  pthread_create(&thread, nullptr, [](void* a) -> void* { todo(a); return nullptr; }, argument);
  pthread_join(thread, nullptr);
}

// A thread that stays alive between the things it is told to do: what it has freed for others stays with it.
class Worker {
 public:
  Worker() {
    sem_init(&go_, 0, 0);
    sem_init(&done_, 0, 0);
    pthread_create(&thread_, nullptr, Run, this);
  }
  void Do(void (*run)()) {
    run_ = run;
    sem_post(&go_);
    sem_wait(&done_);
  }

 private:
  static void* Run(void* self) {
    auto* const worker = static_cast<Worker*>(self);
    for (;;) {
      sem_wait(&worker->go_);
      worker->run_();
      sem_post(&worker->done_);
    }
  }

  pthread_t thread_;
  sem_t go_, done_;
  void (*run_)() = nullptr;
};

// Free, and on its way home from another thread, which lives on. A thread that has allocated collects what it frees for
// others; one that has not sends it off at once.
char* travelling;
enum class From { kBatch, kList };
Worker& FreedElsewhere(From from, size_t size) {
  travelling = Block(size);
  auto* const worker = new Worker;
  if (from == From::kBatch) worker->Do([] { Block(10); });
  worker->Do([] { release(travelling); });
  return *worker;
}

// The same for a block of another thread than the first one, which shares a page with blocks of other sizes.
void MixedFreedElsewhere() {
  auto* const worker = new Worker;
  worker->Do([] {
    Block(16);
    Block(48);
    travelling = Block(100);
  });
  release(travelling);
}

void FreeTwice(size_t size) {
  char* const block = Block(size);
  release(block);
  release(block);
}

// The block has long gone back to its slab: a hundred thousand others were freed since.
void FreeTwiceLate() {
  char* const block = Block(48);
  char* const pin = Block(48);
  constexpr int kOthers = 100000;
  static char* others[kOthers];
  for (char*& other : others) other = Block(48);
  release(block);
  for (char* other : others) release(other);
  release(pin);
  char* const keeps = Block(48);  // whichever this is, it is not released
  (void)keeps;
  if (keeps != block) release(block);
}

void FreeTwiceOnTwoThreads() {
  char* const block = Block(100);
  OnAnotherThread([](void* b) { release(b); }, block);
  release(block);
}

void WriteAfterRemoteFree() {
  char* const block = Block(64);
  OnAnotherThread([](void* b) { release(b); }, block);
  memset(block, 0x41, 16);
  // The owner takes home what others freed when it next needs blocks.
  for (int i = 0; i < 1000; ++i) Block(64);
}

constexpr char kNoBlock[] = "free() of a pointer that is not a block";
constexpr char kWrongSize[] = "sized free of a block that has another size";
constexpr char kFree[] = "free() of a block that is free already";
constexpr char kReallocOfFree[] = "realloc() of a block that is free";
constexpr char kUsableSizeOfFree[] = "malloc_usable_size() of a block that is free";

const struct Misuse {
  const char* name;
  const char* sentence;
  void (*commit)();
} kMisuses[] = {
    {"free_twice", kFree, [] { FreeTwice(16); }},
    {"free_twice_page", kFree, [] { FreeTwice(4096); }},
    {"free_twice_32k", kFree, [] { FreeTwice(32768); }},
    // What is no slab's is gone: the second time it is no block.
    {"free_twice_large", kNoBlock, [] { FreeTwice(100000); }},
    {"free_twice_mapping", kNoBlock, [] { FreeTwice(10 << 20); }},
    {"free_twice_late", kFree, FreeTwiceLate},
    {"free_twice_on_two_threads", kFree, FreeTwiceOnTwoThreads},
    {"free_twice_third_thread", kFree,
     [] { FreedElsewhere(From::kBatch, 100); (new Worker)->Do([] { release(travelling); }); }},
    {"free_twice_third_thread_that_allocates", kFree,
     [] { FreedElsewhere(From::kBatch, 100); (new Worker)->Do([] { Block(10); release(travelling); }); }},
    {"free_twice_by_owner", kFree, [] { FreedElsewhere(From::kBatch, 4096); release(travelling); }},
    {"free_twice_same_batch", kFree, [] { FreedElsewhere(From::kBatch, 100).Do([] { release(travelling); }); }},
    {"free_twice_on_the_way", kFree, [] { FreedElsewhere(From::kList, 100); release(travelling); }},
    {"free_twice_on_the_way_third_thread", kFree,
     [] { FreedElsewhere(From::kList, 100); (new Worker)->Do([] { release(travelling); }); }},
    {"free_twice_mixed", kFree, [] { MixedFreedElsewhere(); release(travelling); }},
    {"realloc_freed_elsewhere", kReallocOfFree, [] { FreedElsewhere(From::kBatch, 100); resize(travelling, 50); }},
    {"realloc_freed_elsewhere_on_the_way", kReallocOfFree,
     [] { FreedElsewhere(From::kList, 100); resize(travelling, 50); }},
    {"realloc_freed_elsewhere_mixed", kReallocOfFree, [] { MixedFreedElsewhere(); resize(travelling, 500); }},
    {"usable_size_freed_elsewhere", kUsableSizeOfFree, [] { FreedElsewhere(From::kBatch, 100); usable(travelling); }},
    {"usable_size_freed_elsewhere_on_the_way", kUsableSizeOfFree,
     [] { FreedElsewhere(From::kList, 100); usable(travelling); }},
    {"usable_size_freed_elsewhere_mixed", kUsableSizeOfFree, [] { MixedFreedElsewhere(); usable(travelling); }},
    {"sized_free_freed_elsewhere", kFree, [] { FreedElsewhere(From::kBatch, 100); FreeSized(travelling, 100); }},
    {"write_after_remote_free", "a block was written to after it was freed", WriteAfterRemoteFree},
    {"free_inside", kNoBlock, [] { release(Block(80) + 16); }},
    {"free_inside_large", kNoBlock, [] { release(Block(100000) + 4096); }},
    {"free_inside_mapping", kNoBlock, [] { release(Block(10 << 20) + 4096); }},
    {"free_misaligned", kNoBlock, [] { release(Block(64) + 1); }},
    {"free_behind", kNoBlock, [] { release(Block(10 << 20) + (20 << 20)); }},
    {"free_stack", kNoBlock, [] { alignas(16) char local[64]; release(local); }},
    {"free_static", kNoBlock, [] { alignas(16) static char local[64]; release(local); }},
    {"free_foreign_mapping", kNoBlock,
     [] { release(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)); }},
    {"free_non_canonical", kNoBlock, [] { release(reinterpret_cast<void*>(uintptr_t{0x1234} << 48 | 0x5550)); }},
    {"realloc_inside", "realloc() of a pointer that is not a block", [] { resize(Block(80) + 16, 100); }},
    {"realloc_free", kReallocOfFree, [] { char* const b = Block(80); release(b); resize(b, 10); }},
    {"usable_size_inside", "malloc_usable_size() of a pointer that is not a block", [] { usable(Block(80) + 32); }},
    {"usable_size_free", kUsableSizeOfFree,
     [] { char* const b = Block(80); release(b); usable(b); }},
    {"sized_free_too_large", kWrongSize, [] { FreeSized(Block(100), 200); }},
    {"sized_free_too_small", kWrongSize, [] { FreeSized(Block(1000), 100); }},
    {"sized_free_of_large", kWrongSize, [] { FreeSized(Block(100000), 200000); }},
    {"aligned_sized_free_too_large", kWrongSize, [] { FreeAlignedSized(Block(100), 64, 200); }},

};

}  // namespace

int main(int argc, char** argv) {
  for (const Misuse& misuse : kMisuses) {
    if (argc < 2) printf("%s breakproof: %s\n", misuse.name, misuse.sentence);
    if (argc < 2 || strcmp(argv[1], misuse.name) != 0) continue;
    misuse.commit();
    return 0;  // undetected
  }
  return argc < 2 ? 0 : 2;
}
