#include "harness/worker/inside/monitor.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

// The exempt range: the only instructions whose system calls do not trap while a thread is watched. The
// kernel compares the address behind the syscall instruction, hence the padding at the end. The restorer
// is in it because the return from a signal is a system call as well (rule D22).
asm(R"(
    .text
    .p2align 4
    .globl breakproof_exempt_start, breakproof_exempt_end, breakproof_pass_on, breakproof_restorer
    .hidden breakproof_exempt_start, breakproof_exempt_end, breakproof_pass_on, breakproof_restorer
    .type breakproof_pass_on, @function
    .type breakproof_restorer, @function
breakproof_exempt_start:
breakproof_pass_on:                 # (const long long* number_and_six_arguments) -> result
    movq 0(%rdi), %rax
    movq 16(%rdi), %rsi
    movq 24(%rdi), %rdx
    movq 32(%rdi), %r10
    movq 40(%rdi), %r8
    movq 48(%rdi), %r9
    movq 8(%rdi), %rdi
    syscall
    ret
breakproof_restorer:
    movl $15, %eax                  # rt_sigreturn
    syscall
    ud2
breakproof_exempt_end:
)");

extern "C" {
extern const char breakproof_exempt_start[], breakproof_exempt_end[];
long breakproof_pass_on(const long long* number_and_arguments);
void breakproof_restorer();
}

namespace breakproof::harness {
namespace {

using model::KernelCallKind;
using model::KernelCall;

// Younger than the headers of older distributions.
constexpr int kSetSyscallUserDispatch = 59;
constexpr char kPass = 0;
constexpr char kTrap = 1;
constexpr int kLargestErrno = 4095;

// The kernel's own structure: libc's sigaction would put its restorer in, which is not exempt.
struct KernelSigaction {
  void (*handler)(int, siginfo_t*, void*);
  unsigned long flags;
  void (*restorer)();
  unsigned long mask;
};

LogHeader* the_log = nullptr;
LogRecord* the_records = nullptr;
volatile std::uint32_t the_operation = 0;
// Of the operation that is being watched; one at a time.
volatile bool was_refused = false;
std::uint32_t lost_before = 0;

// Per thread: a thread that waits for its turn must not trap because another one is watched.
thread_local volatile char selector = kPass;
thread_local bool is_armed_here = false;

bool Decode(const long long* call, KernelCall* decoded) {
  const auto a = reinterpret_cast<const std::uint64_t*>(call + 1);
  switch (call[0]) {
    case SYS_brk: *decoded = {KernelCallKind::kBrk, a[0], 0, 0, 0}; return true;
    case SYS_mmap:
      *decoded = {KernelCallKind::kMmap, a[0], a[1], 0,
                  model::MmapDetail(static_cast<std::uint32_t>(a[2]), static_cast<std::uint32_t>(a[3]))};
      return true;
    case SYS_munmap: *decoded = {KernelCallKind::kMunmap, a[0], a[1], 0, 0}; return true;
    case SYS_mremap: *decoded = {KernelCallKind::kMremap, a[0], a[1], a[2], a[3]}; return true;
    case SYS_mprotect: *decoded = {KernelCallKind::kMprotect, a[0], a[1], 0, a[2]}; return true;
    case SYS_madvise: *decoded = {KernelCallKind::kMadvise, a[0], a[1], 0, a[2]}; return true;
    default: return false;
  }
}

bool TakeOne(std::uint64_t* left) {
  if (*left == 0) return false;
  if (*left != UINT64_MAX) --*left;
  return true;
}

// What the case says. Queries count for nothing there: no kernel can refuse them.
bool IsRefusedByCase(const KernelCall& call) {
  if (call.kind == KernelCallKind::kBrk && call.address == 0) return false;
  const auto k = static_cast<int>(call.kind);
  const std::uint64_t of_type = ++the_log->changes[k];
  const std::uint64_t of_all = ++the_log->changes[model::kKernelCallKindCount];
  bool refuse = TakeOne(&the_log->refuse_next[k]) || TakeOne(&the_log->refuse_next[model::kKernelCallKindCount]);
  for (std::uint32_t i = 0; i < the_log->plan_count; ++i) {
    const Refusal& refusal = the_log->plan[i];
    if (!refusal.any_type && static_cast<int>(refusal.type) != k) continue;
    const std::uint64_t n = refusal.any_type ? of_all : of_type;
    refuse |= n == refusal.call || (refusal.onwards && n > refusal.call);
  }
  return refuse;
}

bool IsRefused(const KernelCall& call) {
  const auto k = static_cast<int>(call.kind);
  const RefusedCalls& refusal = the_log->refusals[k];
  const std::uint32_t n = ++the_log->seen[k];
  const bool is_told = refusal.first != 0 && n >= refusal.first && n <= refusal.last;
  return IsRefusedByCase(call) || is_told;
}

long PassOn(const long long* call, const KernelCall& decoded) {
  if (!IsRefused(decoded)) return breakproof_pass_on(call);
  if (decoded.kind != KernelCallKind::kBrk) return -ENOMEM;
  // A refused brk tells the unchanged break and never an errno (rule B1).
  const long long query[7] = {SYS_brk};
  return breakproof_pass_on(query);
}

// Written down before it is performed: the call may take away the ground that this code stands on.
LogRecord* WriteDown(const KernelCall& call) {
  if (the_log->count >= the_log->capacity) {
    ++the_log->lost;
    return nullptr;
  }
  LogRecord& record = the_records[the_log->count];
  record.operation = the_operation;
  record.error = 0;
  record.call = call;
  record.result = call.address;  // unless told otherwise: as it would be if it did what it was asked for
  the_log->count = the_log->count + 1;
  return &record;
}

void NoteResult(const KernelCall& call, long result, LogRecord* record) {
  const bool failed = call.kind != KernelCallKind::kBrk && result < 0 && result >= -kLargestErrno;
  const bool break_stayed = call.kind == KernelCallKind::kBrk && call.address != 0 &&
                            static_cast<std::uint64_t>(result) != call.address;
  if (failed || break_stayed) was_refused = true;
  if (record == nullptr) return;
  record->error = failed ? static_cast<int>(-result) : 0;
  record->result = static_cast<std::uint64_t>(result);
}

// Runs on a watched thread, in the middle of anything: no libc call that could trap, allocate or set errno.
void OnTrap(int, siginfo_t*, void* context) {
  selector = kPass;
  auto* const registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  const long long call[7] = {registers[REG_RAX], registers[REG_RDI], registers[REG_RSI], registers[REG_RDX],
                             registers[REG_R10], registers[REG_R8],  registers[REG_R9]};
  if (call[0] == SYS_clone || call[0] == SYS_clone3 || call[0] == SYS_vfork || call[0] == SYS_fork) {
    // The child would start inside the stub, on a stack that has no return address: let the instruction run
    // again, unwatched. What follows in this operation is not seen.
    constexpr int kSyscallInstructionBytes = 2;
    registers[REG_RIP] -= kSyscallInstructionBytes;
    ++the_log->lost;
    return;
  }
  KernelCall decoded;
  if (Decode(call, &decoded)) {
    LogRecord* const record = WriteDown(decoded);
    registers[REG_RAX] = PassOn(call, decoded);
    NoteResult(decoded, static_cast<long>(registers[REG_RAX]), record);
  } else {
    // A change of the signal mask ends with this handler, which restores the old one: that is as well, since
    // a watched thread with SIGSYS blocked would be killed by its next call (rule D24).
    registers[REG_RAX] = breakproof_pass_on(call);
  }
  selector = kTrap;
}

// Arms the calling thread with the selector at kPass; 0 or an errno.
int ArmThisThread() {
  const auto start = reinterpret_cast<unsigned long>(breakproof_exempt_start);
  const auto end = reinterpret_cast<unsigned long>(breakproof_exempt_end);
  if (prctl(kSetSyscallUserDispatch, 1, start, end - start, &selector) != 0) return errno;
  is_armed_here = true;
  return 0;
}

}  // namespace

bool StartMonitor(int descriptor) {
  struct stat status;
  if (fstat(descriptor, &status) != 0) return false;
  void* const map = mmap(nullptr, static_cast<std::size_t>(status.st_size), PROT_READ | PROT_WRITE, MAP_SHARED,
                         descriptor, 0);
  close(descriptor);
  if (map == MAP_FAILED) return false;
  the_log = static_cast<LogHeader*>(map);
  the_records = reinterpret_cast<LogRecord*>(static_cast<char*>(map) + kLogHeaderBytes);
  constexpr unsigned long kRestorer = 0x04000000;  // SA_RESTORER
  const KernelSigaction action = {OnTrap, SA_SIGINFO | SA_NODEFER | kRestorer, breakproof_restorer, 0};
  int error = 0;
  if (syscall(SYS_rt_sigaction, SIGSYS, &action, nullptr, sizeof action.mask) != 0) error = errno;
  if (error == 0) error = ArmThisThread();
  the_log->arm_errno = error;
  the_log->is_armed = error == 0;
  return true;
}

void BeginWatching(std::uint32_t operation) {
  if (the_log == nullptr || the_log->is_armed == 0) return;
  if (!is_armed_here && ArmThisThread() != 0) {
    ++the_log->lost;
    return;
  }
  the_operation = operation;
  was_refused = false;
  lost_before = the_log->lost;
  selector = kTrap;
}

model::KernelDuringCall EndWatching() {
  const bool was_watched = selector == kTrap && the_log->lost == lost_before;
  selector = kPass;
  if (!was_watched) return model::KernelDuringCall::kNotWatched;
  return was_refused ? model::KernelDuringCall::kRefused : model::KernelDuringCall::kRefusedNothing;
}

void NoteHarnessMemory(const void* begin, std::uint64_t bytes) {
  if (the_log == nullptr) return;
  the_log->harness_begin = reinterpret_cast<std::uintptr_t>(begin);
  the_log->harness_end = the_log->harness_begin + bytes;
}

void RefuseCalls(int kind, std::uint64_t count) {
  if (the_log != nullptr) the_log->refuse_next[kind] = count;
}

bool BreakRoom(std::uint64_t* bytes) {
  if (the_log == nullptr || the_log->has_room == 0) return false;
  *bytes = the_log->room;
  return true;
}

}  // namespace breakproof::harness
