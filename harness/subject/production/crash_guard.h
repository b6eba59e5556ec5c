// Turns a crash, an abort or an endless loop of code under test into a value, so that the run can go on.
//
// Where it happens the frames in between are left without their destructors: only for code that holds nothing of the
// harness. One guard at a time in a process, which then owns SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT and SIGVTALRM;
// not under a sanitizer or a fuzzing engine, which want them themselves.
#pragma once

#include <setjmp.h>

#include <string>

namespace breakproof::harness {

class CrashGuard {
 public:
  CrashGuard();
  ~CrashGuard();
  CrashGuard(const CrashGuard&) = delete;
  CrashGuard& operator=(const CrashGuard&) = delete;

  // The signal that ended `run`; SIGVTALRM if it made no progress; 0 if it returned.
  template <typename Function>
  int Run(Function run) {
    const int signal = sigsetjmp(ended_, 0);
    if (signal != 0) {
      Leave();
      return signal;
    }
    Enter();
    run();
    Leave();
    return 0;
  }

  // Called now and then by `run`: it is not in an endless loop.
  void Progress() { progress_ = progress_ + 1; }
  // No way out of `run` here, however long it takes: the harness's own malloc is at work.
  void HoldFast(bool holds) { holds_ = holds; }

 private:
  friend struct CrashSignals;
  void Enter();
  void Leave();

  sigjmp_buf ended_;
  bool is_running_ = false;
  volatile bool holds_ = false;
  volatile unsigned long progress_ = 0;
  unsigned long last_progress_ = 0;
  int idle_ticks_ = 0;
};

}  // namespace breakproof::harness
