// Cases as bytes, for fuzzers: every byte string is some case, and every case has a byte string.
//
// Records of ten bytes; a rest shorter than that is ignored. Changing one byte changes one decision, or none.
// Numbers are a boundary of policy and a signed distance from it; whatever is far from all boundaries is told by a
// literal record in front. Little endian.
//
//   0     what: an operation (harness/case/operation/operation_table.h; the commoner ones stand for more values), a literal,
//         or something the kernel does
//   1     the thread in the low four bits; in the high ones what is written into the block (harness/case/operation/content.h)
//   2, 3  the slot assigned, or copied into; 0xffff: none. touch: the offset. A refusal: the call, less one
//   4, 5  the slot read; 0xffff: null
//   6     the boundary
//   7, 8  the distance from it, two's complement
//   9     aligned family, operator new: which alignment; calloc and reallocarray: how many elements; mallopt: the parameter;
//         a refusal: the type of call, plus 128 if all that follow are meant
//
// A literal: byte 1 says which of the next record's numbers it stands for, bytes 2 to 9 are the number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "harness/case/case.h"

namespace breakproof::harness {

inline constexpr std::size_t kBytesAnOperation = 10;

// Slots are numbered in order of first use, and have default names.
Case DecodeCase(const std::uint8_t* data, std::size_t size);

// DecodeCase yields the same case again, but for notes and names: WithFreshNames(c) without notes.
std::vector<std::uint8_t> EncodeCase(const Case& c);

}  // namespace breakproof::harness
