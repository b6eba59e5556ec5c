// The theorems about the reference allocator's steps: what every call does to every state of up to so many blocks.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/reference/prover.h"

namespace breakproof::model::reference {

struct StepTheorem {
  std::string id;
  std::string statement;  // one sentence
  // About all states of exactly so many blocks and mappings.
  void (*body)(Prover& prover, int blocks, int mappings);
  // What is run, and from which states.
  enum class Kind {
    kEntry,               // an entry point, by what is known of the two steps
    kStep,                // all of the source
    kStepBehindAllocate,  // all of the source; also from the larger states to which Allocate leads
    kStart,               // no state before
  };
  Kind kind = Kind::kEntry;
  const char* step = nullptr;  // that it is about, as contract.h calls it
};

const std::vector<StepTheorem>& StepTheorems();

// "free from 2 blocks and 1 mappings", for each state in which a step's theorem proves it: what entries may rely on.
std::set<std::string> ProvedSteps(const StepTheorem& theorem, int largest);

using StateSize = std::pair<int, int>;  // blocks, mappings

// Proves one theorem for every state of up to so many blocks and mappings together, or for those of one size among
// them. Stops at what is not proved.
Prover::Outcome Prove(const StepTheorem& theorem, int largest, std::optional<StateSize> only = {});

}  // namespace breakproof::model::reference
