#include "harness/explain/emit/c_program.h"

#include <algorithm>
#include <set>

#include "harness/case/case_text.h"
#include "harness/explain/emit/contents_text.h"
#include "harness/explain/emit/decay_text.h"
#include "harness/explain/emit/inside_text.h"
#include "harness/explain/emit/kernel_text.h"
#include "harness/explain/emit/operators_text.h"
#include "harness/explain/emit/plan.h"
#include "harness/explain/emit/providers_text.h"
#include "harness/explain/emit/rounds_text.h"
#include "harness/explain/emit/runtime_text.h"
#include "harness/explain/emit/steps.h"
#include "harness/explain/emit/threads_text.h"
#include "harness/execute/thread_team.h"

namespace breakproof::harness {
namespace {

bool UsesThreads(const Case& c) {
  return std::any_of(c.operations.begin(), c.operations.end(), [](const Operation& o) { return o.thread != 0; });
}

bool EndsThread(const Operation& operation) { return operation.kind == OperationKind::kThreadExit; }

std::string Comment(const Case& c, const CaseViolation& violation, const CProgramSettings& settings, const Plan& plan) {
  const model::RuleText& rule = model::TextOf(violation.what.rule);
  const std::string preload = settings.library.empty() ? "" : "LD_PRELOAD=" + settings.library + " ";
  std::string text = "/* " + std::string(rule.id) + ": " + std::string(rule.title) + "\n *   (" +
                     std::string(rule.clause) + ")\n *\n";
  text += " * Broken by operation " + std::to_string(violation.operation + 1) + ", " +
          PrintOperation(c.operations[violation.operation], c.slot_names) + ", on " + settings.subject + ":\n";
  text += " *   expected  " + violation.what.expected + "\n *   actual    " + violation.what.actual + "\n *\n";
  // -fno-builtin: the compiler must not know what malloc promises; that is what is looked at.
  // -rdynamic: the allocator must find the program's kernel calls in front of libc's.
  text += " * cc -O1 -fno-builtin -pthread -rdynamic " + settings.name + ".c -o " + settings.name + LinkOptions(c) + " && " + preload +
          "./" + settings.name + "\n *\n";
  text += " * Exits with 1 and prints expected and actual if the rule is broken, with 0 if everything held.";
  if (plan.has_policy && UsesThreads(c)) {
    text += "\n * A thread takes a little memory of the allocator itself, so what is asked of the kernel may be something else here: if\n"
            " * every check held, `breakproof replay` shows the bug.";
  }
  if (plan.is_inside) {
    text += "\n * The rule is about the inside of the allocator: what is looked for is what follows from it. Where nothing does,\n"
            " * the program exits with 0, and `breakproof replay` shows what is wrong inside.";
  }
  text += " */\n";
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
  text += "#define CALL_RETURNS \"the call returns\"\n";
  if (UsesContents(c)) text += "#define HAS_CONTENTS 1\n";
  text += "static const int errno_before[] = {0";
  for (const Operation& operation : c.operations) text += ", " + std::to_string(ErrnoBefore(operation));
  text += "}; /* by step, from 1; of a free or an allocation: programs come with whatever was left there */\n";
  return text;
}

std::string Slots(const Case& c) {
  if (c.slot_names.empty()) return "";
  std::string text = "static struct block";
  for (std::size_t i = 0; i < c.slot_names.size(); ++i) text += (i == 0 ? " *" : ", *") + SlotVariable(c, static_cast<Slot>(i));
  return text + ";\n\n";
}

std::string ThreadTables(const Case& c) {
  std::string owners = "static const unsigned char thread_of[] = {0";
  std::string ends = "static const unsigned char ends_thread[] = {0";
  for (const Operation& operation : c.operations) {
    owners += ", " + std::to_string(operation.thread);
    ends += EndsThread(operation) ? ", 1" : ", 0";
  }
  return owners + "}; /* by step, from 1 */\n" + ends + "};\n#define SMALL_STACK " + std::to_string(kSmallStack) +
         " /* bytes, of threads with odd numbers */\n\n";
}

std::string KernelPlan(const Environment& kernel, unsigned noted) {
  std::string text = "#define REFUSALS ";
  for (const Refusal& refusal : kernel.refusals) {
    const int type = refusal.any_type ? kCallTypes : static_cast<int>(refusal.type);
    text += "{" + std::to_string(type) + ", " + std::to_string(refusal.call) + ", " + (refusal.onwards ? "1" : "0") + "}, ";
  }
  text += "\n#define NOTED " + std::to_string(noted) + "u /* types of calls, a bit each */";
  return text + "\n#define GAP_BEFORE_GROWTH " + std::to_string(kernel.gap_before_growth) + "\n\n";
}

// Of the case's requests, for what is tried afterwards.
std::string Sizes(const Case& c) {
  std::set<std::uint64_t> sizes;
  for (const Operation& operation : c.operations) {
    if (operation.kind == OperationKind::kCall && AssignsSlot(operation.entry)) sizes.insert(operation.size * operation.count);
  }
  std::string text = "\n#define SIZES ";
  for (const std::uint64_t size : sizes) text += std::to_string(size) + "ul, ";
  return text + "\n";
}

// Kernel calls count, and are refused, within operations only: starting a thread is none.
std::string Steps(const Case& c, const CaseViolation& violation, const CProgramSettings& settings, const Plan& plan) {
  std::string text = "static void step(int number) {\n  current = number;\n  alarm(10);\n";
  if (plan.has_kernel) text += "  watch_kernel();\n  is_counting = 1, calls[0] = 0;\n";
  text += "  switch (number) {\n";
  for (std::size_t i = 0; i < c.operations.size(); ++i) {
    const bool is_guilty = i == violation.operation;
    text += "    case " + std::to_string(i + 1) + ":\n";
    if (is_guilty) text += BeforeGuilty(c, violation, settings, plan);
    text += EmitStep(c, i, is_guilty ? &violation : nullptr);
    if (is_guilty && !EndsThread(c.operations[i])) text += AfterGuilty(c, violation, settings, plan);
    text += "      break;\n";
  }
  text += "  }\n";
  if (plan.has_kernel) text += UsesThreads(c) ? "  is_counting = ends_thread[number];\n" : "  is_counting = 0;\n";
  if (plan.is_inside) text += "  look_inside();\n";
  return text + "}\n\n";
}

// An operation that ends its thread is over when the thread is.
std::string ThreadEnded(const Case& c, const CaseViolation& violation, const CProgramSettings& settings, const Plan& plan) {
  std::string text = "static void thread_ended(int number) {\n";
  if (EndsThread(c.operations[violation.operation])) {
    text += "  if (number == " + std::to_string(violation.operation + 1) + ") {\n" + AfterGuilty(c, violation, settings, plan) + "  }\n";
  }
  return text + (plan.has_kernel ? "  is_counting = 0;\n" : "") + "  (void)number;\n}\n\n";
}

std::string Rounds(bool has_threads, bool is_inside) {
  std::string text = has_threads ? "\n#define RUN next_step = 1, is_over = 0, run()\n"
                                 : "\n#define RUN for (int number = 1; number <= STEPS; ++number) step(number)\n";
  text += is_inside ? "#define BOOKS (mallinfo2().uordblks + mallinfo2().hblkhd)\n" : "#define BOOKS 0\n";
  return text + kRoundsText;
}

std::string Main(const Case& c, bool has_threads, const Plan& plan) {
  std::string text = "\nint main(void) {\n  watch_signals();\n  place();\n";
  if (plan.is_inside) text += "  require_books();\n";
  if (c.environment.break_room) text += "  block_break(" + std::to_string(*c.environment.break_room) + ");\n";
  if (plan.has_rounds) {
    if (plan.is_inside) text += "  round_once();\n  afterwards();\n  look_inside();\n";
    // The books are counted in every step, which takes its time.
    text += plan.is_inside ? "  many_rounds(2000);\n  afterwards();\n  free_neighbours();\n" : "  many_rounds(20000);\n";
  } else {
    text += has_threads ? "  run();\n" : "  for (int number = 1; number <= STEPS; ++number) step(number);\n";
    text += "  free_all();\n";
  }
  if (plan.has_decay) text += "  check_decay();\n";
  text += "  say(\"every check held\\n\");\n  _exit(0); /* what the allocator does when a process ends is not part of the case */\n}\n";
  return text;
}

}  // namespace

// A runtime that nothing of the program needs is linked with all the same.
std::string LinkOptions(const Case& c) { return c.environment.has_cxx_runtime ? " -Wl,--no-as-needed -lstdc++" : ""; }

std::string EmitCProgram(const Case& c, const CaseViolation& violation, const CProgramSettings& settings) {
  const Plan plan = PlanFor(c, violation.what);
  const bool has_threads = UsesThreads(c);
  std::string text = Comment(c, violation, settings, plan) + Head(c, violation, settings);
  text += std::string("#define IS_INSIDE ") + (plan.is_inside ? "1" : "0") + "\n";
  if (plan.has_decay) text += "#define DECAY " + std::to_string(NumberIn(violation.what.expected)) + " /* ms */\n";
  text += "\n";
  if (plan.has_kernel) text += KernelPlan(c.environment, plan.noted) + kKernelText;
  if (UsesOperators(c)) text += kOperatorsText;
  text += kRuntimeText;
  if (UsesContents(c)) text += kContentsText;
  if (plan.has_providers) text += kProvidersText;
  text += Requirements(violation.what, plan);
  if (plan.is_inside) text += Sizes(c) + kInsideText;
  text += "\n/* ---- The case. ---- */\n\n" + Slots(c) + (has_threads ? ThreadTables(c) : "") + Steps(c, violation, settings, plan);
  if (has_threads) text += ThreadEnded(c, violation, settings, plan) + kThreadsText;
  if (plan.has_rounds) text += Rounds(has_threads, plan.is_inside);
  if (plan.has_decay) text += kDecayText;
  return text + Main(c, has_threads, plan);
}

}  // namespace breakproof::harness
