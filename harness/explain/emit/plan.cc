#include "harness/explain/emit/plan.h"

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "model/rulebook/rulebook.h"

namespace breakproof::harness {
namespace {

using model::RuleId;

// Rules that show in what the allocator asks of the kernel.
bool IsOfPolicy(RuleId rule) { return rule >= RuleId::kK1 && rule <= RuleId::kK9; }

// The types of calls that a rule of policy is about: what else was asked for may depend on the time.
unsigned TypesOf(RuleId rule) {
  const auto bit = [](CallType type) { return 1u << static_cast<unsigned>(type); };
  switch (rule) {
    case RuleId::kK1: return bit(CallType::kMmap);
    case RuleId::kK2: return bit(CallType::kMunmap);
    case RuleId::kK3: return bit(CallType::kMremap);
    case RuleId::kK4:
    case RuleId::kK5: return bit(CallType::kBreak) | bit(CallType::kMmap);
    case RuleId::kK6: return bit(CallType::kBreak);
    case RuleId::kK7: return bit(CallType::kMadvise);
    default: return (1u << kCallTypes) - 1;
  }
}

bool IsOfType(const std::string& call, int type) {
  return call.find(NameOfCallType(type) + std::string(" ")) <= 1;  // behind a space, but for the first
}

std::string OfTypes(unsigned types, const std::string& kernel_calls) {
  std::string text;
  std::istringstream calls(kernel_calls);
  for (std::string call; std::getline(calls, call, ';');) {
    for (int type = 0; type < kCallTypes; ++type) {
      if ((types >> type & 1) != 0 && IsOfType(call, type)) text += call.substr(call[0] == ' ' ? 1 : 0) + "; ";
    }
  }
  return text;
}

bool RefusesCalls(const Case& c) {
  return !c.environment.refusals.empty() || c.environment.gap_before_growth != 0 ||
         std::any_of(c.operations.begin(), c.operations.end(),
                     [](const Operation& o) { return o.kind == OperationKind::kRefuse; });
}

std::string Quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c >= ' ' && c <= '~' ? c : ' ';
  }
  return quoted + "\"";
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

// What the kernel had no room for in the guilty operation another one might grant, such as 16 GiB: calls so large are
// refused in it, by type.
std::string RefuseLargeOnes(const Case& c, const std::string& kernel_calls, bool begins) {
  if (RefusesCalls(c)) return "";  // told apart by their numbers
  std::string text;
  for (int type = 0; type < kCallTypes; ++type) {
    std::istringstream calls(kernel_calls);
    std::uint64_t refused = UINT64_MAX, granted = 0;
    for (std::string call; std::getline(calls, call, ';');) {
      if (!IsOfType(call, type)) continue;
      const std::uint64_t length = NumberIn(call.substr(call.find_last_not_of("0123456789", call.find_last_of("0123456789")) + 1));
      if (call.ends_with(" refused")) refused = std::min(refused, length);
      else granted = std::max(granted, length);
    }
    if (refused == UINT64_MAX || refused <= granted) continue;
    text += "      refuse_from[" + std::to_string(type) + "] = " + (begins ? std::to_string(refused) + "ul" : "0") + ";\n";
  }
  return text;
}

std::string Line(const std::string& statement) { return "      " + statement + "\n"; }

}  // namespace

std::uint64_t NumberIn(const std::string& text) {
  const std::size_t digit = text.find_first_of("0123456789");
  return digit == std::string::npos ? 0 : std::strtoull(text.c_str() + digit, nullptr, 10);
}

Plan PlanFor(const Case& c, const model::Violation& what) {
  const RuleId rule = what.rule;
  Plan plan;
  plan.has_policy = IsOfPolicy(rule);
  plan.noted = plan.has_policy ? TypesOf(rule) : 0;
  plan.is_inside = rule == RuleId::kH10 || rule == RuleId::kH11;
  plan.has_decay = rule == RuleId::kH12 && what.expected.find("has been free for") != std::string::npos;
  plan.has_rounds = plan.is_inside || (rule == RuleId::kH12 && !plan.has_decay);
  plan.has_bound = rule == RuleId::kH13;
  plan.has_providers = plan.is_inside || plan.has_bound || rule == RuleId::kI1;
  plan.has_kernel = RefusesCalls(c) || plan.has_policy || plan.has_rounds || plan.has_bound;
  return plan;
}

std::string Requirements(const model::Violation& what, const Plan& plan) {
  std::string text;
  if (plan.has_policy) text += kRequireOtherCalls;
  if (what.rule == RuleId::kI1) text += kRequireOwn;
  if (plan.has_bound) text += kRequireAtMost;
  if (plan.is_inside) text += kRequireBooks;
  return text;
}

std::string BeforeGuilty(const Case& c, const CaseViolation& violation, const CProgramSettings& settings, const Plan& plan) {
  if (plan.is_inside) return RefuseLargeOnes(c, settings.kernel_calls, true);
  if (violation.what.rule != RuleId::kI1) return "";
  return Line("require_own(" + Quoted(model::NameOf(c.operations[violation.operation].entry)) + ");");
}

std::string AfterGuilty(const Case& c, const CaseViolation& violation, const CProgramSettings& settings, const Plan& plan) {
  if (plan.is_inside) return RefuseLargeOnes(c, settings.kernel_calls, false);
  if (plan.has_bound) return Line("require_at_most(" + std::to_string(NumberIn(violation.what.expected)) + ");");
  if (!plan.has_policy) return "";
  return Line("require_other_calls(" + Quoted(OfTypes(plan.noted, settings.kernel_calls)) + ", " + Quoted(violation.what.expected) + ");");
}

}  // namespace breakproof::harness
