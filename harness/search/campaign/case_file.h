// A failing case as a file: what a person reads in its first lines, and its name.
#pragma once

#include <string>

#include "harness/case/case.h"
#include "harness/judge/judge.h"

namespace breakproof::harness {

// The case with notes in front: rule, operation, expected and actual, the subject, and where the case came from.
Case Annotated(const Case& c, const CaseViolation& violation, const std::string& subject);

// "H4-realloc-1637c2b1": rule, kind of the guilty operation, and a hash of the operations. The same case has the
// same name wherever it was found.
std::string StableName(const Case& c, const CaseViolation& violation);

// Different content, different name.
std::string ShortHash(const std::string& text);

// "malloc", "exit", ...
std::string KindName(const Operation& operation);

// The case up to the operation with this index, slots named afresh.
Case UpTo(const Case& c, std::size_t index);

}  // namespace breakproof::harness
