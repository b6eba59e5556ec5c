// The data file of kernel rules (model/rules/kernel_rules.tsv) and the report of what was exercised.
#pragma once

#include <string>
#include <vector>

#include "model/kernel/kernel.h"

namespace breakproof::harness {

struct RuleRow {
  std::size_t index = 0;  // model::Rule
  std::string name;
  std::string status;  // "modelled", "choice" or "no"
  std::string needs;   // "-", "moves-span-areas", "overcommit-guess", "advice:N"
  std::string note;    // why a choice, why not modelled; "-" if there is nothing to say
  std::string title;
};

// Empty, with a message in `error`, if the file can not be read, names an unknown rule, or leaves one out.
std::vector<RuleRow> ReadRuleTable(const std::string& path, std::string& error);

// Can this machine show the rule?
bool CanShow(const RuleRow& row, const model::Machine& machine);

// Prints every rule with the number of times it decided a call. False if a modelled rule that the machine can
// show was exercised fewer than `minimum` times.
bool PrintExercised(const std::vector<RuleRow>& rows, const model::RuleLog& log, const model::Machine& machine,
                    std::uint64_t minimum);

}  // namespace breakproof::harness
