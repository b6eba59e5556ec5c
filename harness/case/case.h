// A case: a sequence of operations, the names of its slots, and what the kernel does to it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/case/environment.h"
#include "harness/case/operation/operation.h"

namespace breakproof::harness {

struct Case {
  std::vector<std::string> notes;       // comment lines at the top, without "# "
  std::vector<Operation> operations;
  std::vector<std::string> slot_names;  // by slot; every slot that an operation uses has one
  Environment environment = {};

  friend bool operator==(const Case&, const Case&) = default;
};

// The name given to a slot that nobody named: a, b, ... z, aa, ab, ...
std::string DefaultSlotName(Slot slot);

// Makes slot_names cover every slot in use, with default names.
void NameSlots(Case* c);

// The same case with slots renumbered in order of first use and named anew: what is left after
// operations were removed reads a, b, c again.
Case WithFreshNames(const Case& c);

// The same case with a look at every live block at its end.
Case WithFinalCheck(Case c);

}  // namespace breakproof::harness
