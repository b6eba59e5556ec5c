// fork(2): a child has one thread, and every lock as it was. So a fork waits for the locks, and the child finds them
// free and the heap whole. What other threads had at hand is lost to the child; nothing of it is ever touched there.
//
// While a process has one thread no fork can come in between, and nobody watches: libc's part in it alone would cost a
// small program 130 KiB. Watching begins
//   - when libc makes the first other thread: it asks calloc for that thread's storage, and has said so before;
//   - before anybody else watches forks (pthread_atfork): handlers that run before a fork run in the reverse order of their
//     registration, so that those of the program, which may allocate, and wait for threads that do, must come after ours;
//   - at once where the allocator is linked into the program, or loaded beside other threads.
//
// Locks of libc. fork takes some of its own after our handler has run. A thread that holds one of those must not wait for
// one of ours: the fork would wait for that thread, and that thread for the fork. So our handler takes before our locks
//   - the list of open files (_IO_list_lock): fflush(NULL) holds the list and waits for a file, getline holds the file and
//     allocates. The thread that holds the list may take it again, and libc does;
//   - a lock under which others register their fork handlers (pthread_atfork): libc holds its list of handlers while
//     that list grows. Handlers of a program that the allocator is linked into do not pass here; the list has room for 48.
// The others, as glibc 2.36 has them, are no danger:
//   - the name service database: nobody allocates while holding it;
//   - the arenas of libc's own malloc: nobody uses it;
//   - the dynamic linker, exit handlers, locales, popen's list of children: fork does not wait for them.
// Since glibc 2.41 fork waits for popen's list as well, which cannot be taken from here: there, a fork can hang while
// another thread runs popen with seven or more other streams of popen open.
#pragma once

#include <sys/single_threaded.h>

#include <atomic>

namespace breakproof::allocator {

#pragma GCC visibility push(hidden)

extern constinit std::atomic<bool> watches_forks;

// Once; any thread may, any number of times.
void WatchForks();

// Whether there may be a fork that is to be watched and is not yet.
inline bool MayWatchForks() {
  return __libc_single_threaded == 0 && !watches_forks.load(std::memory_order_relaxed);
}

#pragma GCC visibility pop

}  // namespace breakproof::allocator
