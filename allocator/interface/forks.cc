#include "allocator/interface/forks.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>

#include "allocator/interface/export.h"
#include "allocator/interface/process.h"

namespace breakproof::allocator {

constinit std::atomic<bool> watches_forks;

#ifdef BREAKPROOF_SHARED

namespace {

using Handler = void (*)();
using Register = int (*)(Handler prepare, Handler parent, Handler child, void* object);

// libc's function behind ours.
Register LibcRegister() { return reinterpret_cast<Register>(dlsym(RTLD_NEXT, "__register_atfork")); }

int RegisterWithLibc(Handler prepare, Handler parent, Handler child, void* object) {
  const Register libc_register = LibcRegister();
  return libc_register != nullptr ? libc_register(prepare, parent, child, object) : ENOMEM;
}

// This library is never unloaded: its handlers belong to no object that could be.
int Watch() { return RegisterWithLibc(AcquireProcessLocks, ReleaseProcessLocks, ResetProcessLocks, nullptr); }

__attribute__((constructor)) void WatchFromTheStart() {
  if (MayWatchForks()) WatchForks();
}

}  // namespace

#else

namespace {

int Watch() { return pthread_atfork(AcquireProcessLocks, ReleaseProcessLocks, ResetProcessLocks); }

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
  breakproof::allocator::WatchForks();
  return breakproof::allocator::RegisterWithLibc(prepare, parent, child, object);
}

#endif
