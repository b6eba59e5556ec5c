#include "allocator/interface/forks.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>

#include "allocator/interface/export.h"
#include "allocator/interface/process.h"

// libc's own list of open files: a lock that the thread which holds it may take again. glibc exports the three without
// declaring them; where they are missing, fork has no such lock.
extern "C" {
__attribute__((weak)) void _IO_list_lock() noexcept;
__attribute__((weak)) void _IO_list_unlock() noexcept;
__attribute__((weak)) void _IO_list_resetlock() noexcept;
}

namespace breakproof::allocator {

constinit std::atomic<bool> watches_forks;

namespace {

// Others register their handlers under it: forks.h.
constinit Lock registration_lock;
constinit bool holds_files;  // from before a fork until after it, by the thread that forks

// The order is that of forks.h.
void BeforeFork() {
  const bool has_threads = __libc_single_threaded == 0 && _IO_list_lock != nullptr;
  if (has_threads) _IO_list_lock();
  registration_lock.Acquire();
  AcquireProcessLocks();
  holds_files = has_threads;
}

void AfterForkInParent() {
  const bool held_files = holds_files;
  ReleaseProcessLocks();
  registration_lock.Release();
  if (held_files) _IO_list_unlock();
}

void AfterForkInChild() {
  ResetProcessLocks();
  registration_lock.Reset();
  // libc has done so already, if it knew of other threads before the handlers ran.
  if (holds_files) _IO_list_resetlock();
}

}  // namespace

#ifdef BREAKPROOF_SHARED

namespace {

using Handler = void (*)();
using Register = int (*)(Handler prepare, Handler parent, Handler child, void* object);

// libc's function behind ours.
Register LibcRegister() { return reinterpret_cast<Register>(dlsym(RTLD_NEXT, "__register_atfork")); }

// This library is never unloaded: its handlers belong to no object that could be.
void Watch() {
  const Register libc_register = LibcRegister();
  if (libc_register != nullptr) libc_register(BeforeFork, AfterForkInParent, AfterForkInChild, nullptr);
}

int RegisterForOthers(Handler prepare, Handler parent, Handler child, void* object) {
  WatchForks();
  const Register libc_register = LibcRegister();  // before the lock is held: the dynamic linker has locks too
  if (libc_register == nullptr) return ENOMEM;
  const LockGuard guard(registration_lock);
  return libc_register(prepare, parent, child, object);
}

__attribute__((constructor)) void WatchFromTheStart() {
  if (MayWatchForks()) WatchForks();
}

}  // namespace

#else

namespace {

void Watch() { pthread_atfork(BeforeFork, AfterForkInParent, AfterForkInChild); }

__attribute__((constructor)) void WatchFromTheStart() { WatchForks(); }

}  // namespace

#endif

__attribute__((cold)) void WatchForks() {
  if (!watches_forks.exchange(true, std::memory_order_relaxed)) Watch();
}

}  // namespace breakproof::allocator

#ifdef BREAKPROOF_SHARED

// What pthread_atfork(3) calls in every object: the part of it that each is linked with is no more than that.
EXPORT int __register_atfork(void (*prepare)(), void (*parent)(), void (*child)(), void* object) {
  return breakproof::allocator::RegisterForOthers(prepare, parent, child, object);
}

#endif
