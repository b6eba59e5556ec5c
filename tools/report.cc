#include <cstdio>
#include <memory>

#include "harness/explain/page/page.h"
#include "harness/support/could_not_run.h"
#include "harness/support/files.h"
#include "tools/case_input.h"
#include "tools/case_subject.h"
#include "tools/commands.h"
#include "tools/scratch_folder.h"
#include "tools/settings.h"

namespace breakproof::tools {
namespace {

struct ReportFlags {
  std::string file;
  SubjectFlags subject;
  std::string out = "report.html";
};

int Report(const ReportFlags& flags) {
  const harness::Case c = LoadCase(FromCaller(flags.file), KernelOf(flags.subject));
  if (c.operations.empty()) throw harness::CouldNotRun(flags.file + " has no operation; there is nothing to report");
  const ScratchFolder scratch;
  const std::unique_ptr<CaseSubject> subject = MakeSubject(flags.subject, scratch.path(), kHangLimit);
  const harness::Trace trace = subject->Watch(c);
  const std::filesystem::path out = FromCaller(flags.out);
  harness::WriteDurably(out, harness::ReportPage(trace));
  std::printf("report   %s\n", out.c_str());
  if (trace.judgement.violations.empty()) {
    std::printf("verdict: no rule was broken\n");
    return kHeld;
  }
  std::printf("verdict: %s was broken by operation %zu\n",
              std::string(model::TextOf(trace.judgement.violations.front().what.rule).id).c_str(), trace.Guilty() + 1);
  return kViolations;
}

}  // namespace

Command AddReport(CLI::App& command) {
  auto flags = std::make_shared<ReportFlags>();
  command.add_option("CASE", flags->file, "A case, a fuzzer's crash file, the journal of a killed run, or output with a case in it")->required();
  AddSubjectFlags(command, &flags->subject);
  command.add_option("--out", flags->out, "The HTML file")->capture_default_str();
  return [flags] { return Report(*flags); };
}

}  // namespace breakproof::tools
