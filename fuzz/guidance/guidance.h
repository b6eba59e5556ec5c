// Guidance beyond edges: libFuzzer's extra counters, fed with what operations did, so that an allocator that was built
// without instrumentation guides the fuzzer too.
//
// Each of these that is new, or that happens more often in one case than ever before (by magnitude), makes an input
// worth keeping:
//   an operation with its size by quarter powers of two, how many kernel calls it made, whether it succeeded, and
//   whether the address had been handed out before;
//   an operation with how the subject's memory was divided, where that is known;
//   two operations in a row, with kernel calls and reuse.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "harness/subject/observer.h"

namespace breakproof::fuzz {

class Guidance : public harness::OperationObserver {
 public:
  void CaseBegins() override;
  void Saw(const harness::Observation& observation) override;

 private:
  bool WasHandedOut(std::uint64_t address);

  std::uint64_t before_ = 0;                     // the operation before, as a feature
  std::array<std::uint32_t, 4096> addresses_{};  // handed out in this case: half of the hash, by the other half
};

// The counters, which libFuzzer finds by their section, looks at after every input and clears before it.
std::span<std::uint8_t> Counters();

}  // namespace breakproof::fuzz
