// Calls from bytes: every block of bytes is some call, so that the same decoder serves random numbers, a
// fuzzer and a shrinking property. Biased towards collisions in a small window and towards corners (D14).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "model/kernel/kernel.h"

namespace breakproof::harness {

inline constexpr std::size_t kBlockSize = 12;
using CallBlock = std::array<std::uint8_t, kBlockSize>;

// Smaller bytes decode to plainer operands, which is what shrinking wants.
model::Call DecodeCall(const CallBlock& block, const model::Machine& machine);

// Consecutive blocks; a last incomplete one is filled up with zeroes. At most `limit` calls.
std::vector<model::Call> DecodeCalls(std::span<const std::uint8_t> bytes, const model::Machine& machine,
                                     std::size_t limit);

// May the call be run for real? False if it could touch memory outside the window: the process that runs it
// lives there, or would take memory without bound. Also false for what the model leaves out (a DONTUNMAP move,
// GROWSDOWN areas).
bool StaysInside(const model::Machine& machine, const model::Call& call);

}  // namespace breakproof::harness
