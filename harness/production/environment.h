// What the simulated kernel does to a case: refusals, foreign break moves, a blocked break.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/kernel/simulated/refusals.h"

namespace breakproof::harness {

struct Environment {
  std::vector<Refusal> refusals;
  std::uint64_t gap_before_growth = 0;            // bytes somebody else takes before every growth of the break
  std::optional<std::uint64_t> break_room;        // bytes the break can grow before it meets a mapping
};

// Every byte string is some environment; all zeroes (and no bytes) is the plain one. Uses kEnvironmentBytes.
inline constexpr std::size_t kEnvironmentBytes = 6;
Environment DecodeEnvironment(const std::uint8_t* data, std::size_t size);

// "kernel  refuse=mmap@2 refuse=brk@5+ gap=4096 room=65536"; "kernel" alone if nothing is special.
std::string PrintEnvironment(const Environment& environment);

}  // namespace breakproof::harness
