// What is known of the reference allocator's steps, in their place: from a moment of good standing, any outcome that
// keeps the promises of contract.h. The theorems R2 and R3 prove exactly these promises of the steps themselves.
#pragma once

#include <string>

#include "tests/reference/contract.h"

namespace breakproof::model::reference {

// Any books of so many blocks and mappings, and a kernel that has granted what they say. `name` tells them apart.
Moment AnyMoment(Prover& prover, const std::string& name, std::size_t blocks, std::size_t mappings);

// "free from 2 blocks and 1 mappings": what a proof by these steps rests on.
std::string StepFrom(const char* step, std::size_t blocks, std::size_t mappings);

class AssumedSteps : public Books<ProofSystem> {
 public:
  using Books::Books;

  Reply Allocate(Word size, Word alignment) { return Perform(AllocateCall(size, alignment)); }
  Reply Free(Word address) { return Perform(FreeCall(address)); }

 private:
  Reply Perform(const Called& called);

  int steps_ = 0;
};

}  // namespace breakproof::model::reference
