// Runs one case at a time on a subject and waits for it.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>

#include "harness/case/case.h"
#include "harness/worker/outside/journal.h"
#include "harness/worker/outside/worker_process.h"

namespace breakproof::harness {

// Memory calls of a subject that are kept; of a case with more nothing is said that takes all of them.
inline constexpr std::uint32_t kMostCallsSeen = 1 << 16;

// How to run cases: shared by everything that does.
struct RunSettings {
  std::filesystem::path worker;     // the worker program
  Subject subject;
  std::filesystem::path folder;     // where journals are kept while a case runs
  std::chrono::milliseconds hang_limit{10000};
};

// The subject as this case wants it.
Subject SubjectFor(const Case& c, Subject subject);

class CaseRunner {
 public:
  // `name` tells journals in the same folder apart. Throws CouldNotRun.
  CaseRunner(const RunSettings& settings, const std::string& name);

  // Performs the case. What was seen is in journal() until the next call. Throws CouldNotRun if no
  // worker could be started, or if no real kernel can be made to do what the case says of its kernel. The subject's
  // memory calls go into kernel_log(); or into a log that the caller prepared, who then sees to the case's kernel.
  RunResult Run(const Case& c, const CallLog* log = nullptr);

  // The same, stopping after each operation once `first_stop` were performed: `look` is called with the worker's
  // process and how many operations it has performed, while it waits.
  using Look = std::function<void(pid_t worker, std::uint32_t performed)>;
  RunResult RunStepped(const Case& c, std::uint32_t first_stop, const Look& look);

  const Journal& journal() const { return journal_; }
  // Until the next call.
  KernelLog kernel_log() const { return log_.Seen(journal_.header().initial_break); }

 private:
  const RunSettings& settings_;
  Journal journal_;
  CallLog log_;
};

}  // namespace breakproof::harness
