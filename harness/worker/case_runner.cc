#include "harness/worker/case_runner.h"

namespace breakproof::harness {

namespace {
constexpr std::uint32_t kUsualCapacity = 8192;  // operations; longer cases make the journal grow
}

CaseRunner::CaseRunner(const RunSettings& settings, const std::string& name)
    : settings_(settings), journal_(settings.folder / (name + ".journal"), kUsualCapacity) {}

RunResult CaseRunner::Run(const Case& c, const CallLog* log) {
  journal_.Prepare(c);
  WorkerProcess process(settings_.worker, settings_.subject, journal_, settings_.hang_limit, log);
  for (;;) {
    if (auto result = process.Await(std::chrono::milliseconds(1000))) return *result;
  }
}

RunResult CaseRunner::RunStepped(const Case& c, std::uint32_t first_stop, const Look& look) {
  journal_.Prepare(c);
  journal_.StopFrom(first_stop);
  WorkerProcess process(settings_.worker, settings_.subject, journal_, settings_.hang_limit, nullptr);
  for (;;) {
    if (const auto performed = journal_.AwaitStop(std::chrono::milliseconds(5))) {
      look(process.pid(), *performed);
      journal_.Resume(*performed);
    } else if (auto result = process.Await(std::chrono::milliseconds(0))) {
      return *result;
    }
  }
}

}  // namespace breakproof::harness
