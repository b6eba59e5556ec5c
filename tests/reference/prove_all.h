// Proves the theorems about the reference allocator, and says so: a sentence for each.
#pragma once

#include <optional>
#include <string>

#include "tests/reference/theorems.h"

namespace breakproof::model::reference {

struct ProofSettings {
  int largest = 4;   // blocks and mappings in a state, together
  std::string only;  // the theorem to prove, "" for all
  std::optional<StateSize> only_state;
};

// True if all asked for are proved, and everything that they rely on. An answer of unknown is not a proof.
bool ProveAll(const ProofSettings& settings);

// Processor time that this thread has used.
double ThreadSeconds();

}  // namespace breakproof::model::reference
