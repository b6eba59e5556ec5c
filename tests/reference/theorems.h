// The theorems about the reference allocator's steps: what every call does to every state of up to so many blocks.
#pragma once

#include <string>
#include <vector>

#include "tests/reference/prover.h"

namespace breakproof::model::reference {

struct StepTheorem {
  std::string id;
  std::string statement;  // one sentence
  // About all states of exactly so many blocks and mappings.
  void (*body)(Prover& prover, int blocks, int mappings);
  bool has_state = true;  // false: about numbers only, the two are ignored
};

const std::vector<StepTheorem>& StepTheorems();

// Proves one theorem for every state of up to `largest` blocks and mappings together. Stops at what is not proved.
Prover::Outcome Prove(const StepTheorem& theorem, int largest);

}  // namespace breakproof::model::reference
