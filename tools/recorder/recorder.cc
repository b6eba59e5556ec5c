// A library to preload: passes every call of the malloc family on and writes it down.
//
// Uses no library but libc and allocates nothing. A process whose log cannot be made runs unrecorded. C++'s operators are
// written down as the calls that they make: an exception must find nobody in its way.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tools/recorder/log_layout.h"

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace {

using breakproof::model::Entry;
using breakproof::tools::Event;
using breakproof::tools::EventKind;
using breakproof::tools::RecorderHeader;

// ---- The functions behind ours

struct Next {
  void* (*malloc)(size_t);
  void* (*calloc)(size_t, size_t);
  void* (*realloc)(void*, size_t);
  void* (*reallocarray)(void*, size_t, size_t);
  void (*free)(void*);
  void* (*memalign)(size_t, size_t);
  void* (*aligned_alloc)(size_t, size_t);
  int (*posix_memalign)(void**, size_t, size_t);
  void* (*valloc)(size_t);
  void* (*pvalloc)(size_t);
};

Next next;
std::atomic<bool> is_resolved;
bool is_resolving;

template <typename Function>
void Resolve(Function** function, const char* name) {
  *function = reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

// The dynamic linker may allocate while it looks a symbol up; such blocks come from here, forever.
alignas(16) char bootstrap[16 * 1024];
size_t bootstrap_used;

void* BootstrapAllocate(size_t size) {
  const size_t rounded = (size + 15) / 16 * 16;
  if (size > sizeof bootstrap || rounded > sizeof bootstrap - bootstrap_used) return nullptr;
  void* const block = bootstrap + bootstrap_used;
  bootstrap_used += rounded;
  return block;
}

bool IsBootstrap(const void* block) {
  return block >= bootstrap && block < bootstrap + sizeof bootstrap;
}

void ResolveAll() {
  if (is_resolved.load(std::memory_order_acquire)) return;
  is_resolving = true;
  Resolve(&next.malloc, "malloc");
  Resolve(&next.calloc, "calloc");
  Resolve(&next.realloc, "realloc");
  Resolve(&next.reallocarray, "reallocarray");
  Resolve(&next.free, "free");
  Resolve(&next.memalign, "memalign");
  Resolve(&next.aligned_alloc, "aligned_alloc");
  Resolve(&next.posix_memalign, "posix_memalign");
  Resolve(&next.valloc, "valloc");
  Resolve(&next.pvalloc, "pvalloc");
  is_resolved.store(true, std::memory_order_release);
  is_resolving = false;
}

// ---- The log

RecorderHeader* header;  // nullptr: this process is not recorded
Event* events;
__thread int thread_number __attribute__((tls_model("initial-exec")));  // from 1; 0 is not known yet

// The same process may start several programs one after the other: each gets a log of its own.
int MakeLogFile(const char* folder) {
  for (int n = 0; n < 1000; ++n) {
    char name[4096];
    const int length = snprintf(name, sizeof name, "%s/%d-%d.log", folder, getpid(), n);
    if (length < 0 || static_cast<size_t>(length) >= sizeof name) return -1;
    const int fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0 || errno != EEXIST) return fd;
  }
  return -1;
}

void OpenLog() {
  using namespace breakproof::tools;
  header = nullptr;
  const char* const folder = getenv(kRecorderFolderVariable);
  const char* const limit_text = getenv(kRecorderLimitVariable);
  if (folder == nullptr || limit_text == nullptr) return;
  const uint64_t limit = strtoull(limit_text, nullptr, 10);
  const uint64_t bytes = kRecorderHeaderBytes + limit * sizeof(Event);
  const int fd = MakeLogFile(folder);
  if (fd < 0) return;
  // In full now: a disk that fills up later would be a SIGBUS in somebody else's program.
  const bool has_room = posix_fallocate(fd, 0, static_cast<off_t>(bytes)) == 0;
  void* const map = has_room ? mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
  close(fd);
  if (map == MAP_FAILED) return;
  auto* const opened = static_cast<RecorderHeader*>(map);
  events = reinterpret_cast<Event*>(static_cast<char*>(map) + kRecorderHeaderBytes);
  opened->limit = limit;
  strncpy(opened->program, program_invocation_short_name, sizeof opened->program - 1);
  memcpy(opened->magic, kRecorderMagic, sizeof kRecorderMagic);
  header = opened;
}

void AfterForkInChild() {
  thread_number = 0;
  if (header != nullptr) OpenLog();  // the parent's stays mapped: munmap here would gain nothing
}

__attribute__((constructor)) void Start() {
  ResolveAll();
  OpenLog();
  pthread_atfork(nullptr, nullptr, AfterForkInChild);
}

uint16_t ThreadNumber() {
  if (thread_number == 0) thread_number = static_cast<int>(header->threads.fetch_add(1)) + 1;
  return static_cast<uint16_t>(thread_number - 1);
}

// Returns the event's index, or UINT32_MAX if nothing is recorded (any more).
uint32_t Write(EventKind kind, Entry entry, uint64_t size, uint64_t other, const void* address,
               uint32_t begins = 0) {
  if (header == nullptr || header->next.load(std::memory_order_relaxed) >= header->limit) return UINT32_MAX;
  const uint64_t index = header->next.fetch_add(1);
  if (index >= header->limit) return UINT32_MAX;
  Event& event = events[index];
  event.entry = entry;
  event.thread = ThreadNumber();
  event.begins = begins;
  event.size = size;
  event.other = other;
  event.address = reinterpret_cast<uintptr_t>(address);
  event.kind.store(kind, std::memory_order_release);
  return static_cast<uint32_t>(index);
}

void* Allocated(Entry entry, uint64_t size, uint64_t other, void* result) {
  if (result != nullptr) {
    const int saved = errno;
    Write(EventKind::kAllocated, entry, size, other, result);
    errno = saved;
  }
  return result;
}

template <typename Call>
void* Reallocated(Entry entry, void* block, uint64_t size, uint64_t count, Call call) {
  if (IsBootstrap(block)) {  // its length is not known; what follows the block is ours to read, too
    void* const moved = next.malloc(size * count);
    const size_t left = static_cast<size_t>(bootstrap + sizeof bootstrap - static_cast<char*>(block));
    if (moved != nullptr) memcpy(moved, block, size * count < left ? size * count : left);
    return moved;
  }
  const uint32_t begins = Write(EventKind::kReallocBegins, entry, size, count, block);
  void* const result = call();
  const int saved = errno;
  if (begins != UINT32_MAX) Write(EventKind::kReallocEnds, entry, size, count, result, begins);
  errno = saved;
  return result;
}

}  // namespace

EXPORT void* malloc(size_t size) {
  if (is_resolving) return BootstrapAllocate(size);
  ResolveAll();
  return Allocated(Entry::kMalloc, size, 0, next.malloc(size));
}

EXPORT void* calloc(size_t count, size_t size) {
  if (is_resolving) return BootstrapAllocate(count * size);  // static memory is zero, and used once
  ResolveAll();
  return Allocated(Entry::kCalloc, size, count, next.calloc(count, size));
}

EXPORT void* realloc(void* block, size_t size) {
  ResolveAll();
  return Reallocated(Entry::kRealloc, block, size, 1, [&] { return next.realloc(block, size); });
}

EXPORT void* reallocarray(void* block, size_t count, size_t size) {
  ResolveAll();
  // libc's own calls realloc, which would be written down a second time.
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) {
    errno = ENOMEM;
    return nullptr;
  }
  return Reallocated(Entry::kReallocarray, block, size, count, [&] { return next.realloc(block, bytes); });
}

EXPORT void free(void* block) {
  if (block == nullptr || IsBootstrap(block)) return;
  ResolveAll();
  const int saved = errno;
  Write(EventKind::kFreed, Entry::kFree, 0, 0, block);
  errno = saved;
  next.free(block);
}

EXPORT void* memalign(size_t alignment, size_t size) {
  ResolveAll();
  return Allocated(Entry::kMemalign, size, alignment, next.memalign(alignment, size));
}

EXPORT void* aligned_alloc(size_t alignment, size_t size) {
  ResolveAll();
  return Allocated(Entry::kAlignedAlloc, size, alignment, next.aligned_alloc(alignment, size));
}

EXPORT int posix_memalign(void** result, size_t alignment, size_t size) {
  ResolveAll();
  const int status = next.posix_memalign(result, alignment, size);
  if (status == 0) Allocated(Entry::kPosixMemalign, size, alignment, *result);
  return status;
}

EXPORT void* valloc(size_t size) {
  ResolveAll();
  return Allocated(Entry::kValloc, size, 0, next.valloc(size));
}

EXPORT void* pvalloc(size_t size) {
  ResolveAll();
  return Allocated(Entry::kPvalloc, size, 0, next.pvalloc(size));
}
