#include <cstdio>
#include <memory>

#include "harness/explain/drawing.h"
#include "harness/support/could_not_run.h"
#include "tools/case_input.h"
#include "tools/case_subject.h"
#include "tools/commands.h"
#include "tools/debugger.h"
#include "tools/scratch_folder.h"
#include "tools/settings.h"

namespace breakproof::tools {
namespace {

struct ReplayFlags {
  std::string file;
  SubjectFlags subject;
  bool whole = false;
  std::uint32_t until = 0;
  bool gdb = false;
};

int Replay(const ReplayFlags& flags) {
  const harness::Case c = LoadCase(FromCaller(flags.file), KernelOf(flags.subject));
  if (c.operations.empty()) throw harness::CouldNotRun(flags.file + " has no operation; there is nothing to replay");
  const std::uint32_t count = static_cast<std::uint32_t>(c.operations.size());
  if (flags.until > count) {
    throw harness::CouldNotRun("the case has " + std::to_string(count) + " operations; --until names one beyond them");
  }
  const ScratchFolder scratch;
  const std::unique_ptr<CaseSubject> subject = MakeSubject(flags.subject, scratch.path(), kHangLimit);
  const harness::Trace trace = flags.until > 0 ? subject->WatchUntil(c, flags.until - 1) : subject->Watch(c);
  const std::size_t guilty = trace.Guilty();
  const bool is_broken = guilty < count;
  if (flags.gdb && flags.subject.is_production) {
    throw harness::CouldNotRun("--gdb needs a library in a worker process; give --library instead of --production");
  }
  if (flags.gdb) {
    const std::uint32_t stop = flags.until > 0 ? flags.until - 1 : is_broken ? static_cast<std::uint32_t>(guilty) : count - 1;
    return RunInDebugger(c, stop, flags.subject, scratch.path());
  }
  std::printf("%s\n%s\n", trace.subject.c_str(), harness::Listing(trace, flags.whole).c_str());
  const std::size_t drawn = is_broken ? guilty : flags.until > 0 ? flags.until - 1 : count - 1;
  std::printf("%s\n", harness::Drawing(trace, drawn).c_str());
  if (trace.is_placed_at_random) {
    std::printf("note: the library took part of the break before the first operation, where address randomisation\n"
                "      had put it; offsets from the break may differ elsewhere\n\n");
  }
  if (!is_broken) {
    std::printf(flags.until > 0 ? "verdict: no rule was broken up to operation %u\n" : "verdict: no rule was broken\n",
                flags.until);
    return kHeld;
  }
  const harness::CaseViolation& first = trace.judgement.violations.front();
  std::printf("verdict: %s was broken by operation %zu\n", std::string(model::TextOf(first.what.rule).id).c_str(),
              first.operation + 1);
  return kViolations;
}

}  // namespace

Command AddReplay(CLI::App& command) {
  auto flags = std::make_shared<ReplayFlags>();
  command.add_option("CASE", flags->file, "A case, a fuzzer's crash file, the journal of a killed run, or output with a case in it")->required();
  AddSubjectFlags(command, &flags->subject);
  command.add_flag("--whole", flags->whole, "Show every operation of a long case");
  command.add_option("--until", flags->until, "Stop after this operation and draw the memory as it is then")
      ->check(CLI::Range(1u, UINT32_MAX));
  command.add_flag("--gdb", flags->gdb, "Start gdb, stopped right before the guilty operation (or the one of --until)");
  return [flags] { return Replay(*flags); };
}

}  // namespace breakproof::tools
