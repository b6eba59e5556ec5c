// What an emitted program looks at beside what every call owes: by the rule that its case breaks.
#pragma once

#include <cstdint>
#include <string>

#include "harness/case/case.h"
#include "harness/explain/emit/c_program.h"
#include "harness/judge/judge.h"

namespace breakproof::harness {

struct Plan {
  bool has_kernel = false;     // kernel calls are watched
  bool has_policy = false;     // and must be others in the guilty operation
  unsigned noted = 0;          // of these types, a bit each
  bool has_providers = false;  // who provides a function is asked
  bool is_inside = false;      // what the library says of itself, and what follows when that is wrong
  bool has_rounds = false;     // the case over and over
  bool has_decay = false;      // what was freed long ago
  bool has_bound = false;      // of what it holds
};
Plan PlanFor(const Case& c, const model::Violation& what);

// Definitions that the statements below need.
std::string Requirements(const model::Violation& what, const Plan& plan);

// Statements right before and right behind the guilty operation.
std::string BeforeGuilty(const Case& c, const CaseViolation& violation, const CProgramSettings& settings, const Plan& plan);
std::string AfterGuilty(const Case& c, const CaseViolation& violation, const CProgramSettings& settings, const Plan& plan);

// The first number in a text; 0 if there is none.
std::uint64_t NumberIn(const std::string& text);

}  // namespace breakproof::harness
