#include "harness/emit/c_program.h"

#include <algorithm>

#include "harness/case/case_text.h"
#include "harness/emit/kernel_text.h"
#include "harness/emit/runtime_text.h"
#include "harness/emit/steps.h"
#include "harness/emit/threads_text.h"
#include "harness/support/could_not_run.h"

namespace breakproof::harness {
namespace {

using model::RuleId;

// Rules that show in what the allocator asks of the kernel.
bool IsOfPolicy(RuleId rule) { return rule >= RuleId::kK1 && rule <= RuleId::kK9; }

bool RefusesCalls(const Case& c) {
  return !c.environment.refusals.empty() || c.environment.gap_before_growth != 0 ||
         std::any_of(c.operations.begin(), c.operations.end(),
                     [](const Operation& o) { return o.kind == OperationKind::kRefuse; });
}

bool UsesThreads(const Case& c) {
  return std::any_of(c.operations.begin(), c.operations.end(), [](const Operation& o) { return o.thread != 0; });
}

std::string Comment(const Case& c, const CaseViolation& violation, const CProgramSettings& settings) {
  const model::RuleText& rule = model::TextOf(violation.what.rule);
  const std::string preload = settings.library.empty() ? "" : "LD_PRELOAD=" + settings.library + " ";
  std::string text = "/* " + std::string(rule.id) + ": " + std::string(rule.title) + "\n *   (" +
                     std::string(rule.clause) + ")\n *\n";
  text += " * Broken by operation " + std::to_string(violation.operation + 1) + ", " +
          PrintOperation(c.operations[violation.operation], c.slot_names) + ", on " + settings.subject + ":\n";
  text += " *   expected  " + violation.what.expected + "\n *   actual    " + violation.what.actual + "\n *\n";
  // -fno-builtin: the compiler must not know what malloc promises; that is what is looked at.
  // -rdynamic: the allocator must find the program's kernel calls in front of libc's.
  text += " * cc -O1 -fno-builtin -pthread -rdynamic " + settings.name + ".c -o " + settings.name + " && " + preload +
          "./" + settings.name + "\n *\n";
  text += " * Exits with 1 and prints expected and actual if the rule is broken, with 0 if everything held. */\n";
  // What a subject printed may hold the end of a comment.
  for (std::size_t at = 0; (at = text.find("*/", at)) != std::string::npos && at + 3 < text.size();) text[at + 1] = ' ';
  return text;
}

std::string Head(const Case& c, const CaseViolation& violation, const CProgramSettings& settings) {
  std::string text = "#define _GNU_SOURCE\n";
  for (const char* header : {"dlfcn.h", "errno.h", "malloc.h", "pthread.h", "sched.h", "signal.h", "stdarg.h", "stdint.h", "stdio.h",
                             "stdlib.h", "string.h", "sys/mman.h", "sys/syscall.h",
                             "sys/wait.h", "unistd.h"}) {
    text += std::string("#include <") + header + ">\n";
  }
  text += "\n#define STEPS " + std::to_string(c.operations.size()) + "\n";
  text += "#define RULE \"" + std::string(model::TextOf(violation.what.rule).id) + "\" /* what a crash breaks here */\n";
  text += std::string("#define HAS_USABLE_SIZE ") + (settings.has_usable_size ? "1" : "0") + "\n";
  text += "#define CALL_RETURNS \"the call returns\"\n\n";
  return text;
}

std::string Slots(const Case& c) {
  if (c.slot_names.empty()) return "";
  std::string text = "static struct block";
  for (std::size_t i = 0; i < c.slot_names.size(); ++i) text += (i == 0 ? " *" : ", *") + SlotVariable(c, static_cast<Slot>(i));
  return text + ";\n\n";
}

std::string Quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c >= ' ' && c <= '~' ? c : ' ';
  }
  return quoted + "\"";
}

// Kernel calls count, and are refused, within operations only: starting a thread is none.
std::string Steps(const Case& c, const CaseViolation& violation, const CProgramSettings& settings, bool has_kernel) {
  std::string text = "static void step(int number) {\n  current = number;\n  alarm(10);\n";
  if (has_kernel) text += "  is_counting = 1, calls[0] = 0;\n";
  text += "  switch (number) {\n";
  for (std::size_t i = 0; i < c.operations.size(); ++i) {
    text += "    case " + std::to_string(i + 1) + ":\n" + EmitStep(c, i, i == violation.operation ? &violation : nullptr);
    if (i == violation.operation && IsOfPolicy(violation.what.rule)) {
      text += "      require_other_calls(" + Quoted(settings.kernel_calls) + ", " + Quoted(violation.what.expected) + ");\n";
    }
    text += "      break;\n";
  }
  return text + "  }\n" + (has_kernel ? "  is_counting = 0;\n" : "") + "}\n\n";
}

std::string ThreadTables(const Case& c) {
  std::string owners = "static const unsigned char thread_of[] = {0";
  std::string ends = "static const unsigned char ends_thread[] = {0";
  for (const Operation& operation : c.operations) {
    owners += ", " + std::to_string(operation.thread);
    ends += operation.kind == OperationKind::kThreadExit ? ", 1" : ", 0";
  }
  return owners + "}; /* by step, from 1 */\n" + ends + "};\n\n";
}

std::string KernelPlan(const Environment& kernel) {
  std::string text = "#define REFUSALS ";
  for (const Refusal& refusal : kernel.refusals) {
    const int type = refusal.any_type ? kCallTypes : static_cast<int>(refusal.type);
    text += "{" + std::to_string(type) + ", " + std::to_string(refusal.call) + ", " + (refusal.onwards ? "1" : "0") + "}, ";
  }
  return text + "\n#define GAP_BEFORE_GROWTH " + std::to_string(kernel.gap_before_growth) + "\n\n";
}

constexpr const char* kRequireOtherCalls = R"(
/* The calls that broke the rule were these; any others are not this failure. */
static void require_other_calls(const char *wrong, const char *expected) {
  is_counting = 0;
  if (strcmp(calls, wrong) == 0) BROKEN(RULE, ("%s", expected), "asked of the kernel: %s", calls[0] != 0 ? calls : "nothing");
}
)";

// H12 shows in the long run: what is freed and yet lost adds up.
constexpr const char* kManyRounds = R"(
static void round_once(void) {
  RUN;
  is_counting = 1;
  for (int i = 1; i <= STEPS; ++i) {
    if (blocks[i].at != NULL) free(blocks[i].at);
    blocks[i].at = NULL;
  }
  is_counting = 0;
}

static void many_rounds(void) {
  size_t early = 0;
  for (int i = 1; i <= 20000; ++i) {
    round_once();
    if (i == 2000) early = held;
  }
  doing = "everything, freed and done again 20000 times";
  if (held > early + 65536)
    BROKEN(RULE, ("what is held of the kernel stops growing"), "%zu bytes after 2000 rounds, %zu after 20000", early, held);
}
)";

std::string Main(const Case& c, bool has_threads, bool has_rounds) {
  std::string text = "\nint main(void) {\n  watch_signals();\n  place();\n";
  if (c.environment.break_room) text += "  block_break(" + std::to_string(*c.environment.break_room) + ");\n";
  if (has_rounds) return text + "  many_rounds();\n  say(\"every check held\\n\");\n  _exit(0);\n}\n";
  text += has_threads ? "  run();\n" : "  for (int number = 1; number <= STEPS; ++number) step(number);\n";
  text += "  doing = \"the end\";\n  look_at_all();\n";
  text += "  say(\"every check held\\n\");\n  _exit(0); /* what the allocator does when a process ends is not part of the case */\n}\n";
  return text;
}

}  // namespace

std::string EmitCProgram(const Case& c, const CaseViolation& violation, const CProgramSettings& settings) {
  const RuleId rule = violation.what.rule;
  if (rule == RuleId::kH10 || rule == RuleId::kH11 || rule == RuleId::kH13 || rule == RuleId::kI1) {
    throw CouldNotRun("rule " + std::string(model::TextOf(rule).id) +
                      " is about more than the results of calls: no program sees it break; use replay or report instead");
  }
  const bool has_threads = UsesThreads(c);
  const bool has_rounds = rule == RuleId::kH12;
  const bool has_kernel = RefusesCalls(c) || IsOfPolicy(rule) || has_rounds;
  std::string text = Comment(c, violation, settings) + Head(c, violation, settings);
  if (has_kernel) text += KernelPlan(c.environment) + kKernelText;
  text += kRuntimeText;
  if (IsOfPolicy(rule)) text += kRequireOtherCalls;
  text += "\n/* ---- The case. ---- */\n\n" + Slots(c) + Steps(c, violation, settings, has_kernel);
  if (has_threads) text += ThreadTables(c) + kThreadsText;
  if (has_rounds) {
    text += has_threads ? "\n#define RUN next_step = 1, is_over = 0, run()\n"
                        : "\n#define RUN for (int number = 1; number <= STEPS; ++number) step(number)\n";
    text += kManyRounds;
  }
  return text + Main(c, has_threads, has_rounds);
}

}  // namespace breakproof::harness
