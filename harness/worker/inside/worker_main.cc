// The worker process: performs the case in the journal on the malloc that LD_PRELOAD gave this process.
//
//   worker FD [LOG]      FD is the journal, open for reading and writing;
//                        LOG, if given, is the log of a monitor (harness/worker/log_layout.h), open likewise
//
// Links nothing but libc, so that the process's very first malloc is the case's. Its own memory comes from
// mmap. Its exit status matters only when the journal does not say kFinished.
#include <linux/futex.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "harness/execute/executor.h"
#include "harness/execute/thread_team.h"
#include "harness/worker/inside/monitor.h"
#include "harness/worker/journal_layout.h"
#include "harness/worker/inside/providers.h"

// Does nothing: a place for a debugger's breakpoint.
extern "C" __attribute__((noinline, used)) void breakproof_guilty_is_next() { asm volatile(""); }

namespace breakproof::harness {
namespace {

struct Worker {
  JournalHeader* header;
  const Operation* operations;
  Outcome* outcomes;
  Executor* executor;
};

// Where the command wants to look: waits until it lets the case go on.
void StopIfAsked(JournalHeader* header, std::uint32_t performed) {
  if (performed < header->first_stop) return;
  __atomic_store_n(const_cast<std::uint32_t*>(&header->stopped), performed + 1, __ATOMIC_RELEASE);
  syscall(SYS_futex, &header->stopped, FUTEX_WAKE, INT32_MAX, nullptr, nullptr, 0);
  for (;;) {
    const std::uint32_t may_pass = __atomic_load_n(const_cast<std::uint32_t*>(&header->may_pass), __ATOMIC_ACQUIRE);
    if (may_pass > performed) return;
    syscall(SYS_futex, &header->may_pass, FUTEX_WAIT, may_pass, nullptr, nullptr, 0);
  }
}

void Perform(void* context, std::uint32_t index) {
  auto* worker = static_cast<Worker*>(context);
  if (index == 0) StopIfAsked(worker->header, 0);
  if (index == worker->header->announced) breakproof_guilty_is_next();
  worker->header->progress = index;
  BeginWatching(index);
  Outcome& outcome = worker->outcomes[index];
  worker->executor->Perform(index, worker->operations[index], &outcome);
  outcome.kernel = EndWatching();
  StopIfAsked(worker->header, index + 1);
}

// Allocators align what they take of the kernel. So that they find the same alignments in every process, also
// where address randomisation cannot be turned off, the break and the next mapping begin a page beside multiples of
// this: beside them, so that no block is aligned to more than a page by luck.
constexpr std::uint64_t kSameEverywhere = 64ull << 20;

extern "C" const char _end[];  // of this program's data, where the break begins without randomisation

constexpr std::uint64_t kPage = 4096;

// By the system call: libc does not know the break before somebody has asked it, and whether it knows is part of what
// an allocator meets (glibc's own asks first). Who has asked goes on from where the break was then, which is as well.
void AlignBreak(JournalHeader* header) {
  const auto now = static_cast<std::uintptr_t>(syscall(SYS_brk, 0));
  unsigned char is_resident;
  const bool is_untouched = now == (reinterpret_cast<std::uintptr_t>(_end) + kPage - 1) / kPage * kPage ||
                            mincore(reinterpret_cast<void*>(now - kPage), kPage, &is_resident) != 0;
  // A subject that already has part of it goes on from there.
  header->is_placed_at_random = !is_untouched && (personality(0xffffffff) & ADDR_NO_RANDOMIZE) == 0;
  if (is_untouched) syscall(SYS_brk, now + (kSameEverywhere + kPage - now % kSameEverywhere) % kSameEverywhere);
}

// Mappings are placed from the top down: what is taken here ends where the next one would. The look at where that is takes
// as much, so that it is not put into a hole between libraries, and a page more, since Linux aligns what is a multiple of a
// huge page.
void AlignMappings() {
  constexpr std::uint64_t kLook = kSameEverywhere + kPage;
  void* const next = mmap(nullptr, kLook, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (next == MAP_FAILED) return;
  munmap(next, kLook);
  const std::uint64_t rest = (reinterpret_cast<std::uintptr_t>(next) + kLook + kPage) % kSameEverywhere;
  if (rest != 0) mmap(nullptr, rest, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

char* MapJournal(const char* descriptor) {
  const int fd = atoi(descriptor);
  struct stat status;
  if (fstat(fd, &status) != 0) return nullptr;
  void* const map = mmap(nullptr, static_cast<std::size_t>(status.st_size), PROT_READ | PROT_WRITE,
                         MAP_SHARED, fd, 0);
  close(fd);
  return map == MAP_FAILED ? nullptr : static_cast<char*>(map);
}

int Run(const char* descriptor, const char* log) {
  char* const journal = MapJournal(descriptor);
  if (journal == nullptr) return 1;
  auto* header = reinterpret_cast<JournalHeader*>(journal);
  AlignBreak(header);
  header->initial_break = static_cast<std::uint64_t>(syscall(SYS_brk, 0));
  FindProviders(header);
  if (log != nullptr && !StartMonitor(atoi(log))) return 1;
  if (std::uint64_t room; BreakRoom(&room)) resolved_family.block_break(room);

  const std::uint64_t bytes = Snapshots::kBytes + Executor::BookBytes(header->operation_count, header->slot_count) + 1;
  void* const memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return 1;
  NoteHarnessMemory(memory, bytes);
  void* const books = static_cast<char*>(memory) + Snapshots::kBytes;
  Executor executor(resolved_family, books, memory, header->operation_count, header->slot_count);
  Worker worker = {header, reinterpret_cast<const Operation*>(journal + OperationsOffset()),
                   reinterpret_cast<Outcome*>(journal + OutcomesOffset(header->capacity)), &executor};
  AlignMappings();
  header->state = WorkerState::kRunning;
  const bool complete = RunOnThreads(worker.operations, header->operation_count, Stacks::kSmallOnes, Perform, &worker);
  header->state = complete ? WorkerState::kFinished : WorkerState::kNoThread;
  return 0;
}

}  // namespace
}  // namespace breakproof::harness

int main(int argc, char** argv) {
  // _exit: what a subject does when the process ends is not part of the case.
  _exit(argc == 2 || argc == 3 ? breakproof::harness::Run(argv[1], argv[2]) : 1);
}
