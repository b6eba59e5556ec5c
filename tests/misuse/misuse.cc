// MISUSE NAME commits one misuse of the malloc family; MISUSE without a name lists them, a line each: the name, and
// the sentence that the allocator must die with. Each program does one thing wrong, and nothing else.
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
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
    {"realloc_free", "realloc() of a block that is free", [] { char* const b = Block(80); release(b); resize(b, 10); }},
    {"usable_size_inside", "malloc_usable_size() of a pointer that is not a block", [] { usable(Block(80) + 32); }},
    {"usable_size_free", "malloc_usable_size() of a block that is free",
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
