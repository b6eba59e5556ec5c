#include <cstdio>
#include <cstring>

#include "harness/case/case_text.h"
#include "harness/report/report.h"

namespace breakproof::harness {
namespace {

constexpr std::size_t kNeighbourhood = 12;  // operations shown before the guilty one

// Relative to the break where the process started, so that two runs print the same.
std::string Address(std::uint64_t address, std::uint64_t initial_break) {
  constexpr std::uint64_t kHeapReach = 1ull << 36;
  char text[40];
  if (address == 0) return "NULL";
  if (address >= initial_break && address - initial_break < kHeapReach) {
    std::snprintf(text, sizeof text, "break+0x%llx", static_cast<unsigned long long>(address - initial_break));
  } else {
    std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(address));
  }
  return text;
}

std::string Errno(int error) {
  const char* name = strerrorname_np(error);
  return name != nullptr ? name : std::to_string(error);
}

std::string WhatCameBack(const Operation& operation, const Outcome& outcome, std::uint64_t initial_break) {
  if (outcome.stage == Stage::kNotStarted) return "(not reached)";
  if (operation.kind != OperationKind::kCall) return "";
  if (outcome.stage <= Stage::kCalling) return "(did not return)";
  std::string text;
  if (operation.entry == model::Entry::kUsableSize) {
    text = std::to_string(outcome.usable);
  } else if (AssignsSlot(operation.entry)) {
    text = Address(outcome.address, initial_break);
    if (outcome.address != 0) text += ", usable " + std::to_string(outcome.usable);
    if (outcome.status != 0) text += ", returned " + Errno(outcome.status);
  }
  if (outcome.errno_after != kErrnoSentinel) text += (text.empty() ? "" : ", ") + std::string("errno ") + Errno(outcome.errno_after);
  return text;
}

}  // namespace

std::string Listing(const Case& c, const Journal& journal, const Judgement& judgement, bool whole) {
  const std::size_t count = c.operations.size();
  const bool is_broken = !judgement.violations.empty();
  const std::size_t guilty = is_broken ? judgement.violations.front().operation : count;
  std::size_t begin = 0;
  std::size_t end = count;
  if (!whole && count > 4 * kNeighbourhood) {
    const std::size_t centre = is_broken ? guilty : count - 1;
    begin = centre > kNeighbourhood ? centre - kNeighbourhood : 0;
    end = std::min(count, centre + 3);
  }
  std::string text;
  if (begin > 0) text += "     ... " + std::to_string(begin) + " operations before (--whole shows them)\n";
  for (std::size_t i = begin; i < end; ++i) {
    const std::string operation = PrintOperation(c.operations[i], c.slot_names);
    const std::string came_back =
        WhatCameBack(c.operations[i], journal.outcomes()[i], journal.header().initial_break);
    char line[256];
    std::snprintf(line, sizeof line, "%s %4zu  %-40s %s%s\n", i == guilty ? ">>" : "  ", i + 1,
                  operation.c_str(), came_back.empty() ? "" : "-> ", came_back.c_str());
    text += line;
    for (const CaseViolation& violation : judgement.violations) {
      if (violation.operation != i) continue;
      const model::RuleText& rule = model::TextOf(violation.what.rule);
      text += "         " + std::string(rule.id) + ": " + std::string(rule.title) + "\n";
      text += "         expected  " + violation.what.expected + "\n";
      text += "         actual    " + violation.what.actual + "\n";
      text += "         clause    " + std::string(rule.clause) + "\n";
    }
  }
  if (end < count) text += "     ... " + std::to_string(count - end) + " operations after\n";
  return text;
}

}  // namespace breakproof::harness
