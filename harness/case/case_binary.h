// Cases as bytes, for fuzzers: every byte string is some case.
//
// Six bytes an operation, so that changing one byte changes one decision; a rest shorter than that is
// ignored. Sizes are a boundary of policy and a signed distance from it.
//
//   0     what: an entry point, a check, or a thread exit
//   1     low six bits: the slot; high two: the thread
//   2     the boundary
//   3, 4  the distance, little endian, two's complement
//   5     aligned family: which alignment; calloc and reallocarray: how many elements
#pragma once

#include <cstddef>
#include <cstdint>

#include "harness/case/case.h"

namespace breakproof::harness {

inline constexpr std::size_t kBytesAnOperation = 6;

// The case ends with a look at every live block.
Case DecodeCase(const std::uint8_t* data, std::size_t size);

}  // namespace breakproof::harness
