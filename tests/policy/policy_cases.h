// Cases that walk along the boundaries of glibc's policy: thresholds and their adaptation, trimming,
// mappings that grow and shrink, mallopt, refused calls and foreign break moves. All on the main thread.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "harness/case/case.h"
#include "harness/worker/log_layout.h"

namespace breakproof::tests {

using Refusals = std::vector<std::pair<model::KernelCallKind, harness::RefusedCalls>>;

// The n-th case of a seed, always the same.
harness::Case GeneratePolicyCase(std::uint64_t seed, std::uint64_t n);

// A case's first notes say which calls the kernel refuses, each in a note such as "refuse=brk@2" (the second)
// or "refuse=mmap@3+" (from the third on).
Refusals RefusalsOf(const harness::Case& c);

}  // namespace breakproof::tests
