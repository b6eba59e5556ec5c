#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <thread>

#include "harness/search/campaign/campaign.h"
#include "harness/explain/verdict/report.h"
#include "harness/support/files.h"
#include "tools/case_input.h"
#include "tools/commands.h"
#include "tools/settings.h"

namespace breakproof::tools {
namespace {

constexpr double kDefaultSeconds = 20;

struct CheckFlags {
  std::string library;
  double seconds = 0;
  std::uint64_t operations = 0;
  std::uint64_t seed = 1;
  std::string out = "breakproof-out";
  std::string json;
  std::string corpus;
  unsigned jobs = std::clamp(std::thread::hardware_concurrency(), 1u, 8u);
  double hang_seconds = 10;
  bool stop_at_first = false;
};

// One line that overwrites itself, on a terminal; nothing in a pipe.
class ProgressLine {
 public:
  ~ProgressLine() { Clear(); }

  void Show(const harness::Progress& p) {
    if (!is_terminal_) return;
    const double rate = p.seconds > 0 ? static_cast<double>(p.operations) / p.seconds : 0;
    std::fprintf(stderr, "\r%s operations  %s/s  live %s  violations %llu\033[K",
                 harness::WithCommas(p.operations).c_str(),
                 harness::WithCommas(static_cast<std::uint64_t>(rate)).c_str(),
                 harness::Bytes(p.live_bytes).c_str(), static_cast<unsigned long long>(p.violations));
    is_shown_ = true;
  }

  void Clear() {
    if (is_shown_) std::fprintf(stderr, "\r\033[K");
    is_shown_ = false;
  }

 private:
  bool is_terminal_ = isatty(STDERR_FILENO) == 1;
  bool is_shown_ = false;
};

std::vector<harness::Case> CorpusOf(const CheckFlags& flags) {
  if (!flags.corpus.empty()) return LoadCorpus(FromCaller(flags.corpus));
  std::vector<harness::Case> corpus = LoadCorpus(Resource("fuzz/corpus/regressions"));
  for (harness::Case& c : LoadCorpus(Resource("fuzz/corpus/recorded"))) corpus.push_back(std::move(c));
  return corpus;
}

int Check(const CheckFlags& flags) {
  InstallStopHandler();
  harness::CampaignSettings settings;
  const std::vector<harness::Case> corpus = CorpusOf(flags);
  settings.run = PrepareRun(flags.library, flags.out);
  settings.run.hang_limit = std::chrono::milliseconds(static_cast<std::int64_t>(flags.hang_seconds * 1000));
  settings.seed = flags.seed;
  settings.operations = flags.operations;
  settings.seconds = flags.seconds;
  settings.jobs = flags.jobs;
  settings.stop_at_first = flags.stop_at_first;
  if (flags.operations == 0 && flags.seconds == 0) settings.seconds = kDefaultSeconds;

  ProgressLine line;
  const auto show = [&](const harness::Progress& progress) { line.Show(progress); };
  const harness::CampaignResult result = harness::RunCampaign(settings, corpus, show, stop_requested);
  line.Clear();
  std::fputs(harness::VerdictTable(result).c_str(), stdout);
  std::fflush(stdout);
  if (!flags.json.empty()) harness::WriteDurably(FromCaller(flags.json), harness::VerdictJson(result));
  if (result.was_interrupted) {
    std::fprintf(stderr, "breakproof: interrupted after %s operations; what was found is in %s\n",
                 harness::WithCommas(result.operations).c_str(), settings.run.folder.c_str());
  }
  if (!result.problem.empty()) std::fprintf(stderr, "breakproof: %s\n", result.problem.c_str());
  if (!result.Held()) return kViolations;
  if (!result.problem.empty()) return kCouldNotRun;
  return result.was_interrupted ? kInterrupted : kHeld;
}

}  // namespace

Command AddCheck(CLI::App& command) {
  auto flags = std::make_shared<CheckFlags>();
  command.add_option("--library", flags->library, "Shared library with the malloc family (default: the system's malloc)");
  auto* seconds = command.add_option("--seconds", flags->seconds, "Stop after this time (default: 20, unless --operations is given)")
      ->check(CLI::Range(0.001, 1e9));
  command.add_option("--operations", flags->operations, "Stop after this many operations")
      ->check(CLI::PositiveNumber)->excludes(seconds);
  command.add_option("--seed", flags->seed, "Seed of the generated cases")->capture_default_str();
  command.add_option("--out", flags->out, "Folder for findings")->capture_default_str();
  command.add_option("--json", flags->json, "Also write the verdict to this file");
  command.add_option("--corpus", flags->corpus, "Folder of recorded cases to run first (default: breakproof's own)");
  command.add_option("--jobs", flags->jobs, "Worker processes at a time")->capture_default_str()->check(CLI::Range(1, 256));
  command.add_flag("--stop-at-first", flags->stop_at_first, "Stop at the first violation, once it is minimised");
  command.add_option("--hang-seconds", flags->hang_seconds, "An operation that takes longer hangs")
      ->capture_default_str()->check(CLI::Range(0.1, 1e6));
  return [flags] { return Check(*flags); };
}

}  // namespace breakproof::tools
