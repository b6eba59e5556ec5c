// The malloc family of libbreakproof.so, over one heap for the process and one thread heap for each thread.
//
// Names, thread-local state, start and fork are here; what each entry point does is entry_points.h.
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include <atomic>

#include "allocator/heap/heap.h"
#include "allocator/heap/thread_heap.h"
#include "allocator/interface/entry_points.h"

// BREAKPROOF_PREFIX(malloc) is the name an entry point is exported under: malloc itself, or bp_malloc where
// the allocator is embedded beside another.
#ifndef BREAKPROOF_PREFIX
#define BREAKPROOF_PREFIX(name) name
#endif
#define EXPORT extern "C" __attribute__((visibility("default")))
#define LIKELY(x) __builtin_expect(!!(x), 1)

namespace breakproof::allocator {
namespace {

// Static and zero: usable before any constructor ran.
constinit Heap process_heap{};
constinit PlaceholderThreadHeap placeholder_storage(&process_heap);
ThreadHeap& placeholder = placeholder_storage.thread;
constinit Lock start_lock;

enum class Stage { kNothing, kOneThread, kThreads };
constinit std::atomic<Stage> stage;
constinit pthread_key_t exit_key;

// Never null: a thread that has not begun points to the placeholder, which leads every call to a slow path.
__attribute__((tls_model("initial-exec"))) constinit thread_local ThreadHeap* thread_heap = &placeholder;

void EndThread(void* thread) {
  // Destructors that run after this one may allocate again, and begin anew.
  thread_heap = &placeholder;
  process_heap.Detach(static_cast<ThreadHeap*>(thread));
}

void BeforeFork() { process_heap.pages().lock().Acquire(); }
void AfterForkInParent() { process_heap.pages().lock().Release(); }
void AfterForkInChild() { process_heap.pages().lock().Reset(); }

// The process has begun: its first thread may attach. Most processes stay at that, so what only several threads
// need is set up when the second one comes: it would cost a small program some hundred kilobytes.
void StartProcess() {
  const LockGuard guard(start_lock);
  if (stage.load(std::memory_order_relaxed) != Stage::kNothing) return;
  process_heap.Init(kSystemKernel);
  stage.store(Stage::kOneThread, std::memory_order_release);
}

// True for the one caller that did it.
bool StartThreading() {
  const LockGuard guard(start_lock);
  if (stage.load(std::memory_order_relaxed) != Stage::kOneThread) return false;
  pthread_key_create(&exit_key, EndThread);
  stage.store(Stage::kThreads, std::memory_order_release);
  return true;
}

// The first call of a thread. The placeholder if there is no memory for a thread heap.
__attribute__((noinline, cold)) ThreadHeap* StartThread() {
  const Stage before = stage.load(std::memory_order_acquire);
  if (before == Stage::kNothing) StartProcess();
  const bool is_second = before == Stage::kOneThread && StartThreading();
  ThreadHeap* const thread = process_heap.Attach();
  if (thread == nullptr) return &placeholder;
  thread_heap = thread;
  if (before == Stage::kNothing) return thread;  // the first thread ends with the process
  pthread_setspecific(exit_key, thread);
  // Registering may allocate, so it comes last.
  if (is_second) pthread_atfork(BeforeFork, AfterForkInParent, AfterForkInChild);
  return thread;
}

// `thread_heap` once it can allocate; the placeholder, which cannot, if the thread could not begin.
inline ThreadHeap& Started() {
  ThreadHeap* const thread = thread_heap;
  return LIKELY(thread != &placeholder) ? *thread : *StartThread();
}

__attribute__((noinline)) void* AllocateUsually(size_t size) { return entry::MallocSlowly(Started(), size); }

}  // namespace
}  // namespace breakproof::allocator

using namespace breakproof::allocator;  // NOLINT: the whole file is the interface

EXPORT void* BREAKPROOF_PREFIX(malloc)(size_t size) {
  void* const block = thread_heap->AllocateFast(size);
  return LIKELY(block != nullptr) ? block : AllocateUsually(size);
}

EXPORT void BREAKPROOF_PREFIX(free)(void* block) { ThreadHeap::FreeTo(block, thread_heap); }

EXPORT void* BREAKPROOF_PREFIX(calloc)(size_t count, size_t size) { return entry::Calloc(Started(), count, size); }

EXPORT void* BREAKPROOF_PREFIX(realloc)(void* block, size_t size) { return entry::Realloc(Started(), block, size); }

EXPORT void* BREAKPROOF_PREFIX(reallocarray)(void* block, size_t count, size_t size) {
  return entry::Reallocarray(Started(), block, count, size);
}

EXPORT void* BREAKPROOF_PREFIX(memalign)(size_t alignment, size_t size) {
  return entry::Memalign(Started(), alignment, size);
}

EXPORT void* BREAKPROOF_PREFIX(aligned_alloc)(size_t alignment, size_t size) {
  return entry::Memalign(Started(), alignment, size);
}

EXPORT int BREAKPROOF_PREFIX(posix_memalign)(void** result, size_t alignment, size_t size) {
  return entry::PosixMemalign(Started(), result, alignment, size);
}

EXPORT void* BREAKPROOF_PREFIX(valloc)(size_t size) { return entry::Memalign(Started(), kPageSize, size); }

EXPORT void* BREAKPROOF_PREFIX(pvalloc)(size_t size) { return entry::Pvalloc(Started(), size); }

EXPORT size_t BREAKPROOF_PREFIX(malloc_usable_size)(void* block) { return thread_heap->UsableSize(block); }

EXPORT int BREAKPROOF_PREFIX(mallopt)(int parameter, int value) {
  Started();  // the first call of all may be this one
  return entry::Mallopt(process_heap, parameter, value);
}
