#include "harness/worker/case_runner.h"

namespace breakproof::harness {

namespace {
constexpr std::uint32_t kUsualCapacity = 8192;  // operations; longer cases make the journal grow
}

CaseRunner::CaseRunner(const RunSettings& settings, const std::string& name)
    : settings_(settings), journal_(settings.folder / (name + ".journal"), kUsualCapacity), log_(kMostCallsSeen) {}

RunResult CaseRunner::Run(const Case& c, const CallLog* log) {
  journal_.Prepare(c);
  if (log == nullptr) {
    log_.Prepare();
    log = &log_;
  }
  WorkerProcess process(settings_.worker, settings_.subject, journal_, settings_.hang_limit, log);
  for (;;) {
    if (auto result = process.Await(std::chrono::milliseconds(1000))) return *result;
  }
}

}  // namespace breakproof::harness
