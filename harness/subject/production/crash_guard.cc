#include "harness/subject/production/crash_guard.h"

#include <signal.h>
#include <sys/time.h>

#include <array>

namespace breakproof::harness {
namespace {

constexpr std::array kCrashes = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
// No operation of a generated case takes a second of processor time.
constexpr long kTickMicroseconds = 200000;
constexpr int kMostIdleTicks = 10;

CrashGuard* the_guard;
struct sigaction before[kCrashes.size() + 1];
alignas(16) char alternate_stack[64 * 1024];  // the crash may be an exhausted stack

}  // namespace

struct CrashSignals {
  static void Crashed(int signal) {
    CrashGuard& guard = *the_guard;
    if (guard.is_running_) siglongjmp(guard.ended_, signal);
    // The harness itself: let it be seen as what it is.
    ::signal(signal, SIG_DFL);
    raise(signal);
  }

  static void Ticked(int signal) {
    CrashGuard& guard = *the_guard;
    if (!guard.is_running_) return;
    const bool moved = guard.progress_ != guard.last_progress_;
    guard.last_progress_ = guard.progress_;
    guard.idle_ticks_ = moved ? 0 : guard.idle_ticks_ + 1;
    if (guard.idle_ticks_ >= kMostIdleTicks && !guard.holds_) siglongjmp(guard.ended_, signal);
  }
};

CrashGuard::CrashGuard() {
  the_guard = this;
  stack_t stack{};
  stack.ss_sp = alternate_stack;
  stack.ss_size = sizeof alternate_stack;
  sigaltstack(&stack, nullptr);
  struct sigaction action{};
  // The mask is not restored by the jump, so nothing may be blocked meanwhile.
  action.sa_flags = SA_ONSTACK | SA_NODEFER;
  action.sa_handler = CrashSignals::Crashed;
  for (std::size_t i = 0; i < kCrashes.size(); ++i) sigaction(kCrashes[i], &action, &before[i]);
  action.sa_handler = CrashSignals::Ticked;
  action.sa_flags |= SA_RESTART;
  sigaction(SIGVTALRM, &action, &before[kCrashes.size()]);
  const itimerval every = {{0, kTickMicroseconds}, {0, kTickMicroseconds}};
  setitimer(ITIMER_VIRTUAL, &every, nullptr);
}

CrashGuard::~CrashGuard() {
  const itimerval never{};
  setitimer(ITIMER_VIRTUAL, &never, nullptr);
  for (std::size_t i = 0; i < kCrashes.size(); ++i) sigaction(kCrashes[i], &before[i], nullptr);
  sigaction(SIGVTALRM, &before[kCrashes.size()], nullptr);
  the_guard = nullptr;
}

void CrashGuard::Enter() {
  idle_ticks_ = 0;
  holds_ = false;
  is_running_ = true;
}

void CrashGuard::Leave() { is_running_ = false; }

}  // namespace breakproof::harness
