#include <algorithm>
#include <cstdio>
#include <cstring>

#include "harness/case/case_text.h"
#include "harness/explain/address_names.h"
#include "harness/explain/drawing.h"

namespace breakproof::harness {
namespace {

constexpr std::size_t kNeighbourhood = 12;  // operations shown before the guilty one

std::string Errno(int error) {
  const char* name = strerrorname_np(error);
  return name != nullptr ? name : std::to_string(error);
}

std::string Violations(const Trace& trace, std::size_t index, const AddressNames& names) {
  std::string text;
  for (const CaseViolation& violation : trace.judgement.violations) {
    if (violation.operation != index) continue;
    const model::RuleText& rule = model::TextOf(violation.what.rule);
    text += "         " + std::string(rule.id) + ": " + std::string(rule.title) + "\n";
    text += "         expected  " + names.Rename(violation.what.expected, index + 1) + "\n";
    text += "         actual    " + names.Rename(violation.what.actual, index + 1) + "\n";
    text += "         clause    " + std::string(rule.clause) + "\n";
  }
  if (!text.empty() && index == trace.Guilty() && !trace.kernel_calls.empty()) {
    text += "         kernel    " + trace.kernel_calls + "\n";
  }
  return text;
}

}  // namespace

std::string WhatCameBack(const Trace& trace, std::size_t index, const AddressNames& names) {
  const Operation& operation = trace.c.operations[index];
  const Outcome& outcome = trace.outcomes[index];
  if (outcome.stage == Stage::kNotStarted) return "(not reached)";
  if (operation.kind != OperationKind::kCall) return "";
  if (outcome.stage <= Stage::kCalling) return "(did not return)";
  std::string text;
  if (operation.entry == model::Entry::kUsableSize) {
    text = std::to_string(outcome.usable);
  } else if (AssignsSlot(operation.entry)) {
    text = names.Name(outcome.address, index + 1);
    if (outcome.address != 0 && outcome.usable != 0) text += ", usable " + std::to_string(outcome.usable);
    if (outcome.status != 0) text += ", returned " + Errno(outcome.status);
  }
  if (outcome.errno_after != ErrnoBefore(operation)) {
    text += (text.empty() ? "" : ", ") + std::string("errno ") + Errno(outcome.errno_after);
  }
  return text;
}

std::string Listing(const Trace& trace, bool whole) {
  const AddressNames names(trace);
  const std::size_t count = trace.c.operations.size();
  const std::size_t guilty = trace.Guilty();
  std::size_t begin = 0;
  std::size_t end = count;
  if (!whole && count > 4 * kNeighbourhood) {
    std::size_t centre = guilty;
    for (; centre > 0 && (centre >= count || trace.outcomes[centre].stage == Stage::kNotStarted); --centre) {
    }
    begin = centre > kNeighbourhood ? centre - kNeighbourhood : 0;
    end = std::min(count, centre + 3);
  }
  std::string text;
  if (!trace.c.environment.IsPlain()) text += "         " + PrintEnvironment(trace.c.environment) + "\n";
  if (begin > 0) text += "     ... " + std::to_string(begin) + " operations before (--whole shows them)\n";
  for (std::size_t i = begin; i < end; ++i) {
    const std::string operation = PrintOperation(trace.c.operations[i], trace.c.slot_names);
    const std::string came_back = WhatCameBack(trace, i, names);
    char line[256];
    std::snprintf(line, sizeof line, "%s %4zu  %-40s %s%s", i == guilty ? ">>" : "  ", i + 1, operation.c_str(),
                  came_back.empty() ? "" : "-> ", came_back.c_str());
    text += line;
    text.erase(text.find_last_not_of(' ') + 1);
    text += "\n" + Violations(trace, i, names);
  }
  if (end < count) text += "     ... " + std::to_string(count - end) + " operations after\n";
  return text;
}

}  // namespace breakproof::harness
