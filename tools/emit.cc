#include <algorithm>
#include <cstdio>
#include <memory>

#include "harness/search/campaign/case_file.h"
#include "harness/case/case_text.h"
#include "harness/explain/emit/c_program.h"
#include "harness/explain/address_names.h"
#include "harness/support/could_not_run.h"
#include "harness/support/files.h"
#include "tools/case_input.h"
#include "tools/case_subject.h"
#include "tools/commands.h"
#include "tools/scratch_folder.h"
#include "tools/settings.h"

namespace breakproof::tools {
namespace {

namespace fs = std::filesystem;

struct EmitFlags {
  std::string file;
  SubjectFlags subject;
  std::string out;
  std::string corpus;
};

// The violation with addresses named as they are everywhere.
harness::CaseViolation FirstNamed(const harness::Trace& trace) {
  harness::CaseViolation first = trace.judgement.violations.front();
  const harness::AddressNames names(trace);
  first.what.expected = names.Rename(first.what.expected, first.operation + 1);
  first.what.actual = names.Rename(first.what.actual, first.operation + 1);
  return first;
}

int Emit(const EmitFlags& flags) {
  const harness::Case c = LoadCase(FromCaller(flags.file), KernelOf(flags.subject));
  const ScratchFolder scratch;
  const std::unique_ptr<CaseSubject> subject = MakeSubject(flags.subject, scratch.path(), kHangLimit);
  const harness::Trace trace = subject->Watch(c);
  if (trace.judgement.violations.empty()) {
    std::printf("verdict: no rule was broken by this case on %s; there is nothing to show\n", subject->name().c_str());
    return kHeld;
  }
  const harness::CaseViolation violation = FirstNamed(trace);
  const harness::Case cut = harness::UpTo(c, violation.operation);
  const std::string name = harness::StableName(cut, violation);
  const harness::Case annotated = harness::Annotated(cut, violation, subject->label());

  if (!flags.corpus.empty()) {
    const fs::path folder = FromCaller(flags.corpus);
    harness::MakeFolder(folder);
    const fs::path file = folder / (name + ".case");
    harness::WriteDurably(file, harness::PrintCase(annotated));
    std::printf("case     %s\n", file.c_str());
  }
  const fs::path program = flags.out.empty() ? FromCaller(name + ".c") : FromCaller(flags.out);
  const std::string text = harness::EmitCProgram(cut, violation,
                                                 {.name = program.stem().string(),
                                                  .library = subject->library(),
                                                  .subject = subject->label(),
                                                  .has_usable_size = subject->has_usable_size(),
                                                  .kernel_calls = trace.kernel_calls});
  harness::WriteDurably(program, text);
  std::printf("program  %s\n", program.c_str());
  std::printf("run it   %scc -O1 -fno-builtin -pthread -rdynamic %s -o /tmp/%s%s && %s/tmp/%s\n", subject->build().c_str(),
              program.c_str(), program.stem().c_str(), harness::LinkOptions(cut).c_str(),
              subject->library().empty() ? "" : ("LD_PRELOAD=" + subject->library() + " ").c_str(), program.stem().c_str());
  const model::RuleId rule = violation.what.rule;
  if (rule == model::RuleId::kH10 || rule == model::RuleId::kH11) {
    std::printf("note     %s is about the inside of the allocator; the program looks for what follows from it, and where it says\n"
                "         that every check held, replay is what shows the bug\n", std::string(model::TextOf(rule).id).c_str());
  }
  const bool has_threads = std::any_of(cut.operations.begin(), cut.operations.end(), [](const harness::Operation& o) { return o.thread != 0; });
  if (rule >= model::RuleId::kK1 && rule <= model::RuleId::kK8 && has_threads) {
    std::printf("note     threads take a little memory of the allocator themselves, so what the program asks of the kernel may be\n"
                "         something else; where it says that every check held, replay is what shows the bug\n");
  }
  return kViolations;
}

}  // namespace

Command AddEmit(CLI::App& command) {
  auto flags = std::make_shared<EmitFlags>();
  command.add_option("CASE", flags->file, "A case, a fuzzer's crash file, the journal of a killed run, or output with a case in it")->required();
  AddSubjectFlags(command, &flags->subject);
  command.add_option("--out", flags->out, "File for the C program (default: named after rule, operation and case)");
  command.add_option("--corpus", flags->corpus,
                     "Also add the case to this folder, such as fuzz/corpus/regressions, whose cases are run by tests");
  return [flags] { return Emit(*flags); };
}

}  // namespace breakproof::tools
