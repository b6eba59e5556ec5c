// Who performs the operations: the bare allocators, the lock step, and the checker it is compared with.
//
// Under AddressSanitizer: the fuzz target of the production allocator, and the bare allocator of the same build. Inputs
// must not know of each other, so the fuzz target begins each with a fresh heap: what that costs is a contestant too.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "bench/throughput/mix.h"

namespace breakproof::bench {

struct Contestant {
  std::string name;
  std::string what;
  // Performs all operations of a mix once. Throws RuleBroken if one of them was not as it should be.
  std::function<void(const Mix& mix)> pass;
};

struct RuleBroken {
  std::string sentence;
};

// What the others are measured by.
inline constexpr char kBare[] = "bare";
inline constexpr char kBareMalloc[] = "bare malloc";
inline constexpr char kLockStep[] = "lock step";
inline constexpr char kPagedShadow[] = "paged shadow";
inline constexpr char kShadow[] = "shadow map";
inline constexpr char kFuzzTarget[] = "fuzz target";
inline constexpr char kFreshHeap[] = "fresh heap";

std::vector<Contestant> Contestants();

// Operations of a case, by the build: what libFuzzer hands over is at most 10,000 bytes long.
std::uint32_t OperationsOfACase();

}  // namespace breakproof::bench
