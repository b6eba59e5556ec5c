// What surrounds a case. Mostly what the kernel does beyond its duty: refusals, foreign break moves, a blocked break.
//
// The simulated kernel can do all of that; a monitored worker on the real kernel all but the gap (harness/worker).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/case/operation/refusal.h"

namespace breakproof::harness {

inline constexpr std::uint64_t kMaxGap = INT64_MAX;

struct Environment {
  std::vector<Refusal> refusals;
  // Bytes somebody else takes before every growth of the break; at most kMaxGap: more would be a move downwards.
  std::uint64_t gap_before_growth = 0;
  std::optional<std::uint64_t> break_room = {};    // bytes the break can grow before it meets a mapping
  // In workers libstdc++ is loaded behind the subject, and allocates before the case does: an allocator may hand on what its
  // operator new cannot serve to the C++ runtime, and what comes back is then its answer.
  bool has_cxx_runtime = false;

  bool AsksOfKernel() const { return !refusals.empty() || gap_before_growth != 0 || break_room.has_value(); }
  bool IsPlain() const { return *this == Environment{}; }

  friend bool operator==(const Environment&, const Environment&) = default;
};

// A choice for generators: every byte string is some environment; all zeroes (and no bytes) is the plain one.
// Uses kEnvironmentBytes.
inline constexpr std::size_t kEnvironmentBytes = 6;
Environment DecodeEnvironment(const std::uint8_t* data, std::size_t size);

// The line of a case: "kernel  refuse=mmap@2 refuse=brk@5+ gap=4096 room=65536 runtime=cxx"; "kernel" alone if nothing is special.
std::string PrintEnvironment(const Environment& environment);

// What such a line says; words that are none are left out.
Environment ParseEnvironment(std::string_view line);

// Adds one word of that line, such as "refuse=brk@5+" or "room=64K". False if it is none.
bool ParseEnvironmentWord(std::string_view word, Environment* environment);

}  // namespace breakproof::harness
