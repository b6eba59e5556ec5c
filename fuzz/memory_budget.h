// What a fuzzed case may make a subject write: blocks in this process are real memory, and an engine ends a run that
// takes more than its limit (libFuzzer: 2 GiB), which is no finding about the subject.
#pragma once

#include <cstdint>

#include "harness/case/case.h"

namespace breakproof::fuzz {

// Bytes that all requests of a case together may ask for, freed or not. calloc and realloc may have to write them all.
inline constexpr std::uint64_t kMemoryBudget = std::uint64_t{1} << 30;

// The case without the requests that go beyond the budget. Sizes that no address space can hold stay: they must fail.
harness::Case WithinMemory(harness::Case c);

}  // namespace breakproof::fuzz
