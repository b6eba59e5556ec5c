// Generated cases: the n-th case of a seed, always the same.
#pragma once

#include <cstdint>

#include "harness/case/case.h"
#include "harness/search/generate/case_builder.h"

namespace breakproof::harness {

// At most a few thousand operations on one to eight threads, at most 256 MiB live.
Case GenerateCase(std::uint64_t seed, std::uint64_t n, EntrySet entries);

}  // namespace breakproof::harness
