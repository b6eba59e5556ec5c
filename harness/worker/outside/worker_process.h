// Starts worker processes on a subject, and tells how they ended.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "harness/case/operation/run_result.h"
#include "harness/worker/outside/call_log.h"
#include "harness/worker/outside/journal.h"

namespace breakproof::harness {

// The allocator under test.
struct Subject {
  std::filesystem::path library;  // absolute; empty is the system's malloc
  bool has_cxx_runtime = false;   // libstdc++ is loaded behind it, and allocates before the case does
};

// One worker on one journal. Destroying it kills the process.
class WorkerProcess {
 public:
  // Starts performing the case that the journal was prepared with; with a log, prepared likewise, the
  // subject is monitored. Throws CouldNotRun.
  WorkerProcess(const std::filesystem::path& worker, const Subject& subject, const Journal& journal,
                std::chrono::milliseconds hang_limit, const CallLog* log = nullptr);
  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  pid_t pid() const { return pid_; }

  // Waits up to `patience` for the end; nothing if it has not come yet. After the end was returned, must
  // not be called again.
  std::optional<RunResult> Await(std::chrono::milliseconds patience);

 private:
  RunResult Collect(int wait_status);
  bool IsHung();

  const Journal& journal_;
  std::chrono::milliseconds hang_limit_;
  pid_t pid_ = -1;
  int pid_descriptor_ = -1;
  int output_ = -1;  // a memory file that is the worker's stdout and stderr
  bool was_killed_for_hanging_ = false;
  std::uint32_t last_progress_ = 0;
  bool has_begun_ = false;
  std::uint32_t overdue_since_ = UINT32_MAX;     // progress at which it computed for longer than the limit
  std::chrono::milliseconds used_before_{};      // processor time then
  std::chrono::steady_clock::time_point last_change_;
};

}  // namespace breakproof::harness
