#include <cstdio>
#include <memory>

#include "harness/campaign/subject_facts.h"
#include "harness/lockstep/kernel_watch.h"
#include "harness/report/report.h"
#include "tools/commands.h"
#include "tools/scratch_folder.h"
#include "tools/settings.h"

namespace breakproof::tools {
namespace {

struct ReplayFlags {
  std::string file;
  std::string library;
  bool whole = false;
};

// Entry points of another library make a violation whatever the call returns (rule I1).
void AddForeignEntries(const harness::Case& c, harness::EntrySet own, harness::Judgement* judgement) {
  for (std::size_t i = 0; i < c.operations.size(); ++i) {
    const harness::Operation& operation = c.operations[i];
    if (operation.kind != harness::OperationKind::kCall) continue;
    if (own >> static_cast<int>(operation.entry) & 1) continue;
    judgement->violations.insert(judgement->violations.begin(), {i, harness::ForeignEntryViolation(operation.entry)});
    return;
  }
}

int Replay(const ReplayFlags& flags) {
  const harness::Case c = LoadCase(FromCaller(flags.file));
  const ScratchFolder scratch;
  const harness::RunSettings settings = PrepareRun(flags.library, scratch.path());
  const harness::SubjectProfile profile = harness::Probe(settings);
  harness::CaseRunner runner(settings, "replay");
  const harness::RunResult run = runner.Run(c);
  harness::Judgement judgement =
      harness::JudgeWatched(c, runner.journal().outcomes(), runner.kernel_log(), run, profile.facts);
  AddForeignEntries(c, profile.own_entries, &judgement);
  std::printf("%s\n%s\n", profile.library.c_str(),
              harness::Listing(c, runner.journal(), judgement, flags.whole).c_str());
  if (judgement.violations.empty()) {
    std::printf("verdict: no rule was broken\n");
    return kHeld;
  }
  const harness::CaseViolation& first = judgement.violations.front();
  std::printf("verdict: %s was broken by operation %zu\n",
              std::string(model::TextOf(first.what.rule).id).c_str(), first.operation + 1);
  return kViolations;
}

}  // namespace

Command AddReplay(CLI::App& command) {
  auto flags = std::make_shared<ReplayFlags>();
  command.add_option("CASE", flags->file, "A case file, or the journal of a run that was killed")->required();
  command.add_option("--library", flags->library, "Shared library with the malloc family (default: the system's malloc)");
  command.add_flag("--whole", flags->whole, "Show every operation of a long case");
  return [flags] { return Replay(*flags); };
}

}  // namespace breakproof::tools
