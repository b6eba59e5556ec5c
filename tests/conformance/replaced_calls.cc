// A program that defines functions of libc itself, as tracers and sandboxes do, and allocates in each of them. The
// allocator must not come back to itself through them: its calls of the kernel go past these names, and what it does call
// by them is called without a lock. A thread that waits for itself would never end; the alarm ends it.
#include "tests/conformance/check.h"

#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <atomic>

extern "C" void* __sbrk(intptr_t increment);

namespace {

enum Call {
  kMmap, kMunmap, kMremap, kMadvise, kSbrk, kWrite, kSyscall, kGetauxval,  // the allocator calls none of these
  kKeyCreate, kSetspecific, kSetcancelstate, kThreadCreate,
  kCalls,
};
constexpr const char* kNames[] = {
    "mmap", "munmap", "mremap", "madvise", "sbrk", "write", "syscall", "getauxval",
    "pthread_key_create", "pthread_setspecific", "pthread_setcancelstate", "pthread_create",
};
static_assert(sizeof kNames / sizeof *kNames == kCalls);
std::atomic<int> calls[kCalls];

long InKernel(long number, long a, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0) {
  long result;
  register long fourth asm("r10") = d;
  register long fifth asm("r8") = e;
  register long sixth asm("r9") = f;
  asm volatile("syscall"
               : "=a"(result)
               : "0"(number), "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth), "r"(sixth)
               : "rcx", "r11", "memory");
  if (result < 0 && result > -4096) {
    errno = static_cast<int>(-result);
    return -1;
  }
  return result;
}

// Small from a bin, small from a slab, a span, a mapping.
void AllocateAndFree() {
  constexpr size_t kSizes[] = {24, 3000, 60000, 300000};
  char* blocks[sizeof kSizes / sizeof *kSizes];
  for (size_t i = 0; i < sizeof kSizes / sizeof *kSizes; ++i) {
    blocks[i] = static_cast<char*>(OPAQUE(malloc)(kSizes[i]));
    CHECK(blocks[i] != nullptr);
    blocks[i][0] = 'b';
  }
  for (char* block : blocks) OPAQUE(free)(block);
}

// Once in each call on the stack: what it allocates may lead to the same call again.
void Allocate(Call call) {
  static thread_local bool is_inside[kCalls];
  if (++calls[call] == 1) InKernel(SYS_alarm, 60);
  if (is_inside[call]) return;
  is_inside[call] = true;
  const int saved_errno = errno;
  AllocateAndFree();
  errno = saved_errno;
  is_inside[call] = false;
}

long Number(const volatile void* pointer) { return static_cast<long>(reinterpret_cast<uintptr_t>(pointer)); }

template <typename Function>
Function* Libc(Function*, Call call) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, kNames[call]));
}

}  // namespace

#define DEFINED extern "C" __attribute__((visibility("default")))

DEFINED void* mmap(void* address, size_t length, int protection, int flags, int file, off_t offset) noexcept {
  Allocate(kMmap);
  return reinterpret_cast<void*>(
      InKernel(SYS_mmap, Number(address), static_cast<long>(length), protection, flags, file, offset));
}
DEFINED int munmap(void* address, size_t length) noexcept {
  Allocate(kMunmap);
  return static_cast<int>(InKernel(SYS_munmap, Number(address), static_cast<long>(length)));
}
DEFINED void* mremap(void* address, size_t length, size_t new_length, int flags, ...) noexcept {
  Allocate(kMremap);
  return reinterpret_cast<void*>(
      InKernel(SYS_mremap, Number(address), static_cast<long>(length), static_cast<long>(new_length), flags));
}
DEFINED int madvise(void* address, size_t length, int advice) noexcept {
  Allocate(kMadvise);
  return static_cast<int>(InKernel(SYS_madvise, Number(address), static_cast<long>(length), advice));
}
DEFINED void* sbrk(intptr_t increment) noexcept {
  Allocate(kSbrk);
  return __sbrk(increment);
}
DEFINED ssize_t write(int file, const void* bytes, size_t count) {
  Allocate(kWrite);
  return InKernel(SYS_write, file, Number(bytes), static_cast<long>(count));
}
DEFINED long syscall(long number, ...) noexcept {
  Allocate(kSyscall);
  va_list arguments;
  va_start(arguments, number);
  long values[6];
  for (long& value : values) value = va_arg(arguments, long);
  va_end(arguments);
  return InKernel(number, values[0], values[1], values[2], values[3], values[4], values[5]);
}
DEFINED unsigned long getauxval(unsigned long) noexcept {
  Allocate(kGetauxval);
  return 0;
}
DEFINED int pthread_key_create(pthread_key_t* key, void (*destroy)(void*)) noexcept {
  Allocate(kKeyCreate);
  const int result = Libc(&pthread_key_create, kKeyCreate)(key, destroy);
  Allocate(kKeyCreate);
  return result;
}
DEFINED int pthread_setspecific(pthread_key_t key, const void* value) noexcept {
  Allocate(kSetspecific);
  return Libc(&pthread_setspecific, kSetspecific)(key, value);
}
DEFINED int pthread_setcancelstate(int state, int* old_state) {
  Allocate(kSetcancelstate);
  return Libc(&pthread_setcancelstate, kSetcancelstate)(state, old_state);
}
DEFINED int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*run)(void*),
                           void* argument) noexcept {
  Allocate(kThreadCreate);
  return Libc(&pthread_create, kThreadCreate)(thread, attributes, run, argument);
}

namespace {

// Every path that asks the kernel for something: growth, mappings that move, trimming, discarding.
void UseAll() {
  constexpr int kBlocks = 100;
  void* blocks[kBlocks];
  for (int i = 0; i < kBlocks; ++i) {
    blocks[i] = OPAQUE(calloc)(1, static_cast<size_t>(i * i * 50 + 1));
    blocks[i] = OPAQUE(realloc)(blocks[i], static_cast<size_t>(i * i * 90 + 1));
    CHECK(blocks[i] != nullptr);
  }
  for (int i = 0; i < kBlocks; i += 2) free(blocks[i]);
  malloc_trim(0);
  for (int i = 1; i < kBlocks; i += 2) free(blocks[i]);
  void* mapping = OPAQUE(malloc)(64 << 20);
  mapping = OPAQUE(realloc)(mapping, 128 << 20);
  CHECK(mapping != nullptr);
  free(mapping);
  malloc_trim(0);
}

void* Run(void*) {
  UseAll();
  return nullptr;
}

void Print() {
  FILE* const null = fopen("/dev/null", "w");
  CHECK(null != nullptr);
  CHECK(malloc_info(0, null) == 0);
  fclose(null);
  malloc_stats();
}

}  // namespace

int main() {
  CHECK(IsExpectedMalloc());
  InKernel(SYS_alarm, 60);
  UseAll();
  constexpr int kThreads = 4;
  pthread_t threads[kThreads];
  for (pthread_t& thread : threads) CHECK(pthread_create(&thread, nullptr, Run, nullptr) == 0);
  for (const pthread_t thread : threads) CHECK(pthread_join(thread, nullptr) == 0);
  Print();
  for (int call = 0; call < kKeyCreate; ++call) {
    if (calls[call] != 0) fprintf(stderr, "%s was called\n", kNames[call]);
  }
  for (int call = 0; call < kKeyCreate; ++call) CHECK(calls[call] == 0);
  // That they are there at all.
  CHECK(mmap(nullptr, 1, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED && calls[kMmap] == 1);
  CHECK(dlsym(RTLD_DEFAULT, "mmap") == reinterpret_cast<void*>(&mmap));
  CHECK(calls[kThreadCreate] == kThreads);
}
