// Which calls of a subject the kernel refuses, as plain data. No library is needed to include this file.
#pragma once

#include <cstdint>

namespace breakproof::harness {

enum class CallType : std::uint8_t { kBreak, kMmap, kMunmap, kMremap, kMprotect, kMadvise };
inline constexpr int kCallTypes = 6;

// As a case names them; one past the last type, "any" stands for all of them.
constexpr const char* NameOfCallType(int type) {
  constexpr const char* kNames[kCallTypes + 1] = {"brk", "mmap", "munmap", "mremap", "mprotect", "madvise", "any"};
  return kNames[type];
}

// "mmap@2" is {kMmap, 2, false}, "brk@5+" is {kBreak, 5, true}. With any_type the calls of all types are counted
// together. Calls count from 1. Queries (sbrk(0)) are neither counted nor refused: no kernel can refuse them.
struct Refusal {
  CallType type = CallType::kMmap;
  std::uint64_t call = 1;
  bool onwards = false;
  bool any_type = false;

  friend bool operator==(const Refusal&, const Refusal&) = default;
};

}  // namespace breakproof::harness
