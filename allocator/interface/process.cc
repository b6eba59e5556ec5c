#include "allocator/interface/process.h"

#include <pthread.h>

#include <atomic>

#include "allocator/interface/environment.h"
#include "allocator/interface/forks.h"
#include "allocator/interface/perturb.h"

namespace breakproof::allocator {

constinit Heap* process_heap = nullptr;
constinit PlaceholderThreadHeap placeholder;
constinit thread_local ThreadHeap* thread_heap = &placeholder.thread;

namespace {

// What every process writes at its start lies with the library's data, not on a page of its own.
#define WITH_DATA __attribute__((section(".data")))

WITH_DATA constinit Lock start_lock;

enum class Stage { kNothing, kOneThread, kThreads };
WITH_DATA constinit std::atomic<Stage> stage;
WITH_DATA constinit std::atomic<bool> has_first_thread;
WITH_DATA constinit std::atomic<bool> is_environment_read;
constinit std::atomic<bool> has_key_maker;
constinit pthread_key_t exit_key;

// See OwnHeap().
__attribute__((tls_model("initial-exec"))) constinit thread_local ThreadHeap* own_heap = nullptr;
// Whether EndThread will be told of this thread's end, or need not be. Until then it takes the slow paths.
__attribute__((tls_model("initial-exec"))) constinit thread_local bool is_end_seen_to = false;

void EndThread(void* thread) {
  // Destructors that run after this one may allocate again, and begin anew.
  thread_heap = &placeholder.thread;
  own_heap = nullptr;
  is_end_seen_to = false;
  process_heap->Detach(static_cast<ThreadHeap*>(thread));
}

// The process has begun: its first thread may attach. Most processes stay at that, so what only several threads
// need is set up when the second one comes: it would cost a small program some hundred kilobytes. The heap is mapped:
// as a part of this library its page map would make the library so long that the kernel places it, and libc behind it,
// at addresses for huge pages.
void StartProcess() {
  const LockGuard guard(start_lock);
  if (stage.load(std::memory_order_relaxed) != Stage::kNothing) return;
  void* const memory = kSystemKernel.map_metadata(kSystemKernel.context, sizeof(Heap));
  if (memory == nullptr) return;
  process_heap = static_cast<Heap*>(memory);
  process_heap->Init(kSystemKernel);
  placeholder.Serve(process_heap);
  stage.store(Stage::kOneThread, std::memory_order_release);
}

// At the latest with the library's constructors: what a pointer is that was never handed out is known from then on.
__attribute__((constructor)) void StartBeforeMain() { StartProcess(); }

// The program may have defined pthread_key_create, and allocate there: so no lock is held, and nobody waits for the key.
void StartThreading() {
  if (MayWatchForks()) WatchForks();  // a thread that libc knows nothing of
  if (has_key_maker.exchange(true, std::memory_order_relaxed)) return;
  pthread_key_create(&exit_key, EndThread);
  stage.store(Stage::kThreads, std::memory_order_release);
}

// Does nothing while the key is still being made: the thread's next slow call tries again.
void SeeToEnd() {
  if (stage.load(std::memory_order_acquire) != Stage::kThreads) return;
  is_end_seen_to = true;  // before the call, which may come back to here
  pthread_setspecific(exit_key, own_heap);
}

// Once, as soon as libc knows the environment.
void ReadEnvironment() {
  if (is_environment_read.load(std::memory_order_acquire) || !IsEnvironmentKnown() || process_heap == nullptr) return;
  const LockGuard guard(start_lock);
  if (is_environment_read.load(std::memory_order_relaxed)) return;
  ApplyEnvironment(*process_heap);
  is_environment_read.store(true, std::memory_order_release);
}

void AttachThread() {
  if (stage.load(std::memory_order_acquire) == Stage::kNothing) StartProcess();
  const Stage now = stage.load(std::memory_order_acquire);
  if (now == Stage::kNothing) return;  // no memory for a heap
  const bool is_first = now == Stage::kOneThread && !has_first_thread.exchange(true, std::memory_order_relaxed);
  if (now == Stage::kOneThread && !is_first) StartThreading();
  if (own_heap == nullptr) own_heap = process_heap->Attach();  // what StartThreading calls may have allocated
  if (is_first) is_end_seen_to = true;  // it ends with the process
}

}  // namespace

ThreadHeap* OwnHeap() { return own_heap; }

void AcquireProcessLocks() {
  start_lock.Acquire();
  if (process_heap != nullptr) process_heap->pages().lock().Acquire();
}

void ReleaseProcessLocks() {
  if (process_heap != nullptr) process_heap->pages().lock().Release();
  start_lock.Release();
}

void ResetProcessLocks() {
  if (process_heap != nullptr) process_heap->pages().lock().Reset();
  start_lock.Reset();
  // Whoever was making the key is not in the child.
  if (stage.load(std::memory_order_relaxed) != Stage::kThreads) has_key_maker.store(false, std::memory_order_relaxed);
}

void ChoosePath() {
  const bool may_be_fast = is_environment_read.load(std::memory_order_relaxed) && !IsPerturbing();
  thread_heap = may_be_fast && own_heap != nullptr && is_end_seen_to ? own_heap : &placeholder.thread;
}

__attribute__((noinline, cold)) ThreadHeap* StartThread() {
  if (own_heap == nullptr) AttachThread();
  if (own_heap != nullptr && !is_end_seen_to) SeeToEnd();
  ReadEnvironment();
  ChoosePath();
  return own_heap != nullptr ? own_heap : &placeholder.thread;
}

}  // namespace breakproof::allocator
