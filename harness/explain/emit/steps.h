// One operation of a case as statements of C.
#pragma once

#include <string>

#include "harness/case/case.h"
#include "harness/judge/judge.h"

namespace breakproof::harness {

// The variable that stands for a slot.
std::string SlotVariable(const Case& c, Slot slot);

// Whether any of C++'s operators is called.
bool UsesOperators(const Case& c);

// Whether any block holds something else than its pattern.
bool UsesContents(const Case& c);

// The statements that perform the operation with this index and check it, indented, each on a line. `violation`
// is what it broke, or nullptr.
std::string EmitStep(const Case& c, std::size_t index, const CaseViolation* violation);

}  // namespace breakproof::harness
