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
  // Blocks and mappings beyond which it is not tried unless asked for; 0: there is no state. Less than 4 where the
  // step is another one's behind a few tests of its arguments, and for realloc, whose paths are those of three steps.
  int largest = 4;
};

const std::vector<StepTheorem>& StepTheorems();

// Proves one theorem for every state of up to so many blocks and mappings together. Stops at what is not proved.
Prover::Outcome Prove(const StepTheorem& theorem, int largest);

}  // namespace breakproof::model::reference
