// Changes of cases that keep their structure: what a fuzzer does to its inputs here, instead of flipping bits.
//
// Deterministic from the Random. Every result is a case, since every case is: an operation on a slot that holds
// nothing is legal.
#pragma once

#include <span>

#include "harness/case/case.h"
#include "harness/search/generate/random.h"

namespace breakproof::fuzz {

struct Mutation {
  const char* name;
  unsigned weight;  // how often, relative to the others
  // The case keeps to `most` operations if it did before.
  void (*apply)(harness::Case& c, harness::Random& random, std::size_t most);
};

std::span<const Mutation> Mutations();

// One of them, or a few in turn.
void Mutate(harness::Case& c, harness::Random& random, std::size_t most);

// Parts of both.
harness::Case CrossOver(const harness::Case& a, const harness::Case& b, harness::Random& random, std::size_t most);

}  // namespace breakproof::fuzz
