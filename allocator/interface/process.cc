#include "allocator/interface/process.h"

#include <pthread.h>

#include <atomic>

#include "allocator/interface/environment.h"
#include "allocator/interface/perturb.h"

namespace breakproof::allocator {

// Static and zero: usable before any constructor ran.
constinit Heap process_heap{};
constinit PlaceholderThreadHeap placeholder(&process_heap);
constinit thread_local ThreadHeap* thread_heap = &placeholder.thread;

namespace {

constinit Lock start_lock;

enum class Stage { kNothing, kOneThread, kThreads };
constinit std::atomic<Stage> stage;
constinit std::atomic<bool> is_environment_read;
constinit pthread_key_t exit_key;

// See OwnHeap().
__attribute__((tls_model("initial-exec"))) constinit thread_local ThreadHeap* own_heap = nullptr;

void EndThread(void* thread) {
  // Destructors that run after this one may allocate again, and begin anew.
  thread_heap = &placeholder.thread;
  own_heap = nullptr;
  process_heap.Detach(static_cast<ThreadHeap*>(thread));
}

// A child has one thread, and every lock as it was: held by nobody, since the fork waited for both. What other threads
// had at hand is lost to the child; nothing of it is ever touched there.
void BeforeFork() {
  start_lock.Acquire();
  process_heap.pages().lock().Acquire();
}
void AfterForkInParent() {
  process_heap.pages().lock().Release();
  start_lock.Release();
}
void AfterForkInChild() {
  process_heap.pages().lock().Reset();
  start_lock.Reset();
}

// Before there is a second thread: one that forked while another was beginning would leave the child a held lock.
__attribute__((constructor)) void WatchForks() { pthread_atfork(BeforeFork, AfterForkInParent, AfterForkInChild); }

// The process has begun: its first thread may attach. Most processes stay at that, so what only several threads
// need is set up when the second one comes: it would cost a small program some hundred kilobytes.
void StartProcess() {
  const LockGuard guard(start_lock);
  if (stage.load(std::memory_order_relaxed) != Stage::kNothing) return;
  process_heap.Init(kSystemKernel);
  stage.store(Stage::kOneThread, std::memory_order_release);
}

void StartThreading() {
  const LockGuard guard(start_lock);
  if (stage.load(std::memory_order_relaxed) != Stage::kOneThread) return;
  pthread_key_create(&exit_key, EndThread);
  stage.store(Stage::kThreads, std::memory_order_release);
}

// Once, as soon as libc knows the environment.
void ReadEnvironment() {
  if (is_environment_read.load(std::memory_order_acquire) || !IsEnvironmentKnown()) return;
  const LockGuard guard(start_lock);
  if (is_environment_read.load(std::memory_order_relaxed)) return;
  ApplyEnvironment(process_heap);
  is_environment_read.store(true, std::memory_order_release);
}

void AttachThread() {
  const Stage before = stage.load(std::memory_order_acquire);
  if (before == Stage::kNothing) StartProcess();
  if (before == Stage::kOneThread) StartThreading();
  own_heap = process_heap.Attach();
  if (before == Stage::kNothing) return;  // the first thread ends with the process
  if (own_heap != nullptr) {
    pthread_setspecific(exit_key, own_heap);
    thread_heap = own_heap;
  }
}

}  // namespace

ThreadHeap* OwnHeap() { return own_heap; }

void ChoosePath() {
  const bool may_be_fast = is_environment_read.load(std::memory_order_relaxed) && !IsPerturbing();
  thread_heap = may_be_fast && own_heap != nullptr ? own_heap : &placeholder.thread;
}

__attribute__((noinline, cold)) ThreadHeap* StartThread() {
  if (own_heap == nullptr) AttachThread();
  ReadEnvironment();
  ChoosePath();
  return own_heap != nullptr ? own_heap : &placeholder.thread;
}

}  // namespace breakproof::allocator
