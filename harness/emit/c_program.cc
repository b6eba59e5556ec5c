#include "harness/emit/c_program.h"

#include <algorithm>
#include <cstdlib>
#include <set>
#include <sstream>

#include "harness/case/case_text.h"
#include "harness/emit/decay_text.h"
#include "harness/emit/inside_text.h"
#include "harness/emit/kernel_text.h"
#include "harness/emit/providers_text.h"
#include "harness/emit/rounds_text.h"
#include "harness/emit/runtime_text.h"
#include "harness/emit/steps.h"
#include "harness/emit/threads_text.h"

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

std::string Comment(const Case& c, const CaseViolation& violation, const CProgramSettings& settings, bool is_inside) {
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
  text += " * Exits with 1 and prints expected and actual if the rule is broken, with 0 if everything held.";
  if (is_inside) {
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

constexpr const char* kRequireOwn = R"(
static void require_own(const char *name) {
  if (!is_own(name)) BROKEN(RULE, ("%s is provided by %s, as malloc is", name, provider_of("malloc")), "%s provides it", provider_of(name));
}
)";

// What an allocator says of its heap where it says it, else what the kernel was asked for.
constexpr const char* kRequireAtMost = R"(
static void require_at_most(size_t bound) {
  size_t bytes = is_own("mallinfo2") ? (size_t)mallinfo2().arena : held;
  if (bytes > bound) BROKEN(RULE, ("at most %zu bytes are held of the kernel", bound), "%zu", bytes);
}
)";

constexpr const char* kRequireBooks = R"(
static void require_books(void) {
  if (is_own("mallinfo2")) return;
  say("the library has no mallinfo2 of its own, so nothing tells what it believes: see breakproof replay\n");
  _exit(2);
}
)";

// The first number in a text; 0 if there is none.
std::uint64_t NumberIn(const std::string& text) {
  const std::size_t digit = text.find_first_of("0123456789");
  return digit == std::string::npos ? 0 : std::strtoull(text.c_str() + digit, nullptr, 10);
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

// What the library is looked at for, beside what every call owes.
struct Plan {
  bool has_kernel = false;     // its calls are watched
  bool has_policy = false;     // and must be others in the guilty operation
  bool has_providers = false;  // who provides a function is asked
  bool is_inside = false;      // what it says of itself, and what follows when that is wrong
  bool has_rounds = false;     // the case over and over
  bool has_decay = false;      // what was freed long ago
  bool has_bound = false;      // of what it holds
};

Plan PlanFor(const Case& c, const model::Violation& what) {
  const RuleId rule = what.rule;
  Plan plan;
  plan.has_policy = IsOfPolicy(rule);
  plan.is_inside = rule == RuleId::kH10 || rule == RuleId::kH11;
  plan.has_decay = rule == RuleId::kH12 && what.expected.find("has been free for") != std::string::npos;
  plan.has_rounds = plan.is_inside || (rule == RuleId::kH12 && !plan.has_decay);
  plan.has_bound = rule == RuleId::kH13;
  plan.has_providers = plan.is_inside || plan.has_bound || rule == RuleId::kI1;
  plan.has_kernel = RefusesCalls(c) || plan.has_policy || plan.has_rounds || plan.has_bound;
  return plan;
}

// What the kernel had no room for in the guilty operation another one might grant, such as 16 GiB: calls so large are
// refused in it, by type.
std::string RefuseLargeOnes(const Case& c, const std::string& kernel_calls, bool begins) {
  if (RefusesCalls(c)) return "";  // told apart by their numbers
  std::string text;
  for (int type = 0; type < kCallTypes; ++type) {
    const std::string name = NameOfCallType(type);
    std::istringstream calls(kernel_calls);
    std::uint64_t refused = UINT64_MAX, granted = 0;
    for (std::string call; std::getline(calls, call, ';');) {
      if (call.find(name + " ") > 1) continue;  // behind a space, but for the first
      const std::uint64_t length = NumberIn(call.substr(call.find_last_not_of("0123456789", call.find_last_of("0123456789")) + 1));
      if (call.ends_with(" refused")) refused = std::min(refused, length);
      else granted = std::max(granted, length);
    }
    if (refused == UINT64_MAX || refused <= granted) continue;
    text += "      refuse_from[" + std::to_string(type) + "] = " + (begins ? std::to_string(refused) + "ul" : "0") + ";\n";
  }
  return text;
}

// What the guilty operation is followed by, or in front of it what it must not be.
std::string LookAtGuilty(const Case& c, const CaseViolation& violation, const CProgramSettings& settings, const Plan& plan,
                         bool before) {
  const auto line = [](const std::string& statement) { return "      " + statement + "\n"; };
  if (before) {
    const bool is_foreign = violation.what.rule == RuleId::kI1;
    if (plan.is_inside) return RefuseLargeOnes(c, settings.kernel_calls, true);
    return is_foreign ? line("require_own(" + Quoted(model::NameOf(c.operations[violation.operation].entry)) + ");") : "";
  }
  if (plan.has_policy) {
    return line("require_other_calls(" + Quoted(settings.kernel_calls) + ", " + Quoted(violation.what.expected) + ");");
  }
  if (plan.is_inside) return RefuseLargeOnes(c, settings.kernel_calls, false);
  return plan.has_bound ? line("require_at_most(" + std::to_string(NumberIn(violation.what.expected)) + ");") : "";
}

// Kernel calls count, and are refused, within operations only: starting a thread is none.
std::string Steps(const Case& c, const CaseViolation& violation, const CProgramSettings& settings, const Plan& plan) {
  std::string text = "static void step(int number) {\n  current = number;\n  alarm(10);\n";
  if (plan.has_kernel) text += "  is_counting = 1, calls[0] = 0;\n";
  text += "  switch (number) {\n";
  for (std::size_t i = 0; i < c.operations.size(); ++i) {
    const bool is_guilty = i == violation.operation;
    text += "    case " + std::to_string(i + 1) + ":\n";
    if (is_guilty) text += LookAtGuilty(c, violation, settings, plan, true);
    text += EmitStep(c, i, is_guilty ? &violation : nullptr);
    if (is_guilty) text += LookAtGuilty(c, violation, settings, plan, false);
    text += "      break;\n";
  }
  text += "  }\n";
  if (plan.has_kernel) text += "  is_counting = 0;\n";
  if (plan.is_inside) text += "  look_inside();\n";
  return text + "}\n\n";
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

std::string EmitCProgram(const Case& c, const CaseViolation& violation, const CProgramSettings& settings) {
  const Plan plan = PlanFor(c, violation.what);
  const bool has_threads = UsesThreads(c);
  std::string text = Comment(c, violation, settings, plan.is_inside) + Head(c, violation, settings);
  text += std::string("#define IS_INSIDE ") + (plan.is_inside ? "1" : "0") + "\n";
  if (plan.has_decay) text += "#define DECAY " + std::to_string(NumberIn(violation.what.expected)) + " /* ms */\n";
  text += "\n";
  if (plan.has_kernel) text += KernelPlan(c.environment) + kKernelText;
  text += kRuntimeText;
  if (plan.has_providers) text += kProvidersText;
  if (plan.has_policy) text += kRequireOtherCalls;
  if (violation.what.rule == RuleId::kI1) text += kRequireOwn;
  if (plan.has_bound) text += kRequireAtMost;
  if (plan.is_inside) text += kRequireBooks + Sizes(c) + kInsideText;
  text += "\n/* ---- The case. ---- */\n\n" + Slots(c) + Steps(c, violation, settings, plan);
  if (has_threads) text += ThreadTables(c) + kThreadsText;
  if (plan.has_rounds) text += Rounds(has_threads, plan.is_inside);
  if (plan.has_decay) text += kDecayText;
  return text + Main(c, has_threads, plan);
}

}  // namespace breakproof::harness
