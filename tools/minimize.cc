#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <memory>

#include "harness/search/campaign/case_file.h"
#include "harness/case/case_text.h"
#include "harness/explain/address_names.h"
#include "harness/minimize/minimize.h"
#include "harness/explain/verdict/format.h"
#include "harness/support/could_not_run.h"
#include "harness/support/files.h"
#include "tools/case_input.h"
#include "tools/case_subject.h"
#include "tools/commands.h"
#include "tools/scratch_folder.h"
#include "tools/settings.h"

namespace breakproof::tools {
namespace {

using harness::Case;
using harness::CaseViolation;
using harness::CouldNotRun;
using Clock = std::chrono::steady_clock;
namespace fs = std::filesystem;

struct MinimizeFlags {
  std::string file;
  SubjectFlags subject;
  std::string out;
  double seconds = 25;
};

class Minimization {
 public:
  Minimization(const MinimizeFlags& flags, const fs::path& scratch)
      : flags_(flags), out_(OutFile(flags)), subject_(MakeSubject(flags.subject, scratch, kHangLimitOfKnown)) {}

  int Run() {
    const Case c = LoadCase(FromCaller(flags_.file), KernelOf(flags_.subject));
    const auto violation = First(c);
    if (!violation) {
      std::printf("verdict: no rule was broken by this case on %s; there is nothing to minimize\n", subject_->name().c_str());
      return kHeld;
    }
    rule_ = violation->what.rule;
    last_ = *violation;
    const Case cut = harness::UpTo(c, violation->operation);
    // Cut off behind the guilty operation it must still fail; a subject that acts by chance may not.
    const Case start = Breaks(cut) ? cut : c;
    Keep(start);
    const Case small = harness::Minimize(start, [this](const Case& candidate) { return Breaks(candidate); }, Limits());
    if (is_terminal_) std::fprintf(stderr, "\r\033[K");
    return Finish(c, small);
  }

 private:
  // Next to the case: x.case becomes x.min.case.
  static fs::path OutFile(const MinimizeFlags& flags) {
    if (!flags.out.empty()) return FromCaller(flags.out);
    fs::path file = FromCaller(flags.file);
    const std::string stem = file.extension() == ".case" ? file.stem().string() : file.filename().string();
    return file.replace_filename(stem + ".min.case");
  }

  std::optional<CaseViolation> First(const Case& c) {
    const harness::Judgement judgement = subject_->Judge(c);
    if (judgement.violations.empty()) return std::nullopt;
    return judgement.violations.front();
  }

  bool Breaks(const Case& c) {
    if (c.operations.empty()) return false;
    const auto violation = First(c);
    if (!violation || violation->what.rule != rule_) return false;
    last_ = *violation;
    return true;
  }

  harness::MinimizeLimits Limits() {
    return {.time = std::chrono::milliseconds(static_cast<std::int64_t>(flags_.seconds * 1000)),
            .stop = &stop_requested,
            .on_try = [this](const harness::MinimizeProgress& progress) {
              if (progress.is_better) Keep(progress.best);
              Show(progress);
            }};
  }

  // The best so far, on disk: whatever happens next, it is not lost.
  void Keep(const Case& best) {
    harness::WriteDurably(out_, harness::PrintCase(harness::Annotated(harness::WithFreshNames(best), last_, subject_->label())));
  }

  void Show(const harness::MinimizeProgress& progress) {
    const auto now = Clock::now();
    if (!is_terminal_ || now - shown_ < std::chrono::milliseconds(100)) return;
    shown_ = now;
    std::fprintf(stderr, "\r%zu operations left  %s tries\033[K", progress.best.operations.size(),
                 harness::WithCommas(progress.tries).c_str());
  }

  int Finish(const Case& c, const Case& small) {
    // Once more, watched: the names of addresses in the file are then the same everywhere.
    const harness::Trace trace = subject_->Watch(small);
    const std::string id(model::TextOf(rule_).id);
    const bool is_same = !trace.judgement.violations.empty() && trace.judgement.violations.front().what.rule == rule_;
    if (!is_same) {
      std::fprintf(stderr, "breakproof: the small case does not always break %s: the subject acts by chance\n", id.c_str());
    } else {
      last_ = trace.judgement.violations.front();
      const harness::AddressNames names(trace);
      last_.what.expected = names.Rename(last_.what.expected, last_.operation + 1);
      last_.what.actual = names.Rename(last_.what.actual, last_.operation + 1);
      Keep(small);
    }
    if (!small.environment.IsPlain()) std::printf("%s\n", harness::PrintEnvironment(small.environment).c_str());
    for (const harness::Operation& operation : small.operations) {
      std::printf("%s\n", harness::PrintOperation(operation, small.slot_names).c_str());
    }
    std::printf("\n%s broken by operation %zu of %zu, made from %zu\n  expected  %s\n  actual    %s\n  case      %s\n",
                id.c_str(), last_.operation + 1, small.operations.size(), c.operations.size(), last_.what.expected.c_str(),
                last_.what.actual.c_str(), out_.c_str());
    if (stop_requested) std::fprintf(stderr, "breakproof: interrupted; the best so far is in %s\n", out_.c_str());
    return kViolations;
  }

  const MinimizeFlags& flags_;
  const fs::path out_;
  const std::unique_ptr<CaseSubject> subject_;
  model::RuleId rule_{};
  CaseViolation last_;  // of the case that broke the rule last
  const bool is_terminal_ = isatty(STDERR_FILENO) == 1;
  Clock::time_point shown_;
};

int RunMinimize(const MinimizeFlags& flags) {
  InstallStopHandler();
  const ScratchFolder scratch;
  return Minimization(flags, scratch.path()).Run();
}

}  // namespace

Command AddMinimize(CLI::App& command) {
  auto flags = std::make_shared<MinimizeFlags>();
  command.add_option("CASE", flags->file, "A case, a fuzzer's crash file, the journal of a killed run, or output with a case in it")->required();
  AddSubjectFlags(command, &flags->subject);
  command.add_option("--out", flags->out, "File for the small case (default: CASE with .min.case at its end)");
  command.add_option("--seconds", flags->seconds, "Return the best so far after this time")
      ->capture_default_str()->check(CLI::Range(0.1, 1e6));
  return [flags] { return RunMinimize(*flags); };
}

}  // namespace breakproof::tools
