#include "harness/worker/outside/case_runner.h"

#include <algorithm>

namespace breakproof::harness {

namespace {
constexpr std::uint32_t kUsualCapacity = 8192;  // operations; longer cases make the journal grow

// Whether the case is another one on a kernel that cannot be watched.
bool NeedsMonitor(const Case& c) {
  return c.environment.AsksOfKernel() || std::ranges::any_of(c.operations, [](const Operation& operation) {
    return operation.kind == OperationKind::kRefuse;
  });
}

}  // namespace

Subject SubjectFor(const Case& c, Subject subject) {
  subject.has_cxx_runtime = c.environment.has_cxx_runtime;
  return subject;
}

CaseRunner::CaseRunner(const RunSettings& settings, const std::string& name)
    : settings_(settings), journal_(settings.folder / (name + ".journal"), kUsualCapacity), log_(kMostCallsSeen) {}

RunResult CaseRunner::Run(const Case& c, const CallLog* log) {
  journal_.Prepare(c);
  const bool is_own_log = log == nullptr;
  if (is_own_log) {
    log_.Prepare();
    log_.Obey(c.environment);
    log = &log_;
  }
  WorkerProcess process(settings_.worker, SubjectFor(c, settings_.subject), journal_, settings_.hang_limit, log);
  for (;;) {
    const auto result = process.Await(std::chrono::milliseconds(1000));
    if (!result) continue;
    if (is_own_log && NeedsMonitor(c)) log_.RequireThatItWatches();
    return *result;
  }
}

RunResult CaseRunner::RunStepped(const Case& c, std::uint32_t first_stop, const Look& look) {
  journal_.Prepare(c);
  journal_.StopFrom(first_stop);
  log_.Prepare();
  log_.Obey(c.environment);
  WorkerProcess process(settings_.worker, SubjectFor(c, settings_.subject), journal_, settings_.hang_limit, &log_);
  for (;;) {
    if (const auto performed = journal_.AwaitStop(std::chrono::milliseconds(5))) {
      look(process.pid(), *performed);
      journal_.Resume(*performed);
    } else if (auto result = process.Await(std::chrono::milliseconds(0))) {
      if (NeedsMonitor(c)) log_.RequireThatItWatches();
      return *result;
    }
  }
}

}  // namespace breakproof::harness
