// H12 from outside: the same requests made and freed over and over must not take more memory each time.
//
// A round is what happens from one moment without live blocks to the next. Of rounds that are equal, one after
// another, the footprint after the first few is compared with that after the last: a subject may take its time to
// settle, and may keep what it has, but must not grow by a good part of what each round asks for. Rounds with aligned
// requests are not judged: what is cut off in front of aligned blocks takes some allocators long to settle (glibc 2.36
// grows to fifty times what a round asks for, and stays there).
#pragma once

#include <cstdint>
#include <optional>

#include "harness/case/operation/operation.h"
#include "model/heap/heap.h"

namespace breakproof::harness {

class Repetition {
 public:
  static constexpr int kRoundsToSettle = 4;
  static constexpr int kRounds = 12;  // judged when so many were equal

  // After each operation, whose call the model has taken in. `footprint`: bytes held of the kernel.
  // A violation if a subject grew through equal rounds.
  std::optional<model::Violation> Observe(const Operation& operation, std::uint64_t live_blocks, std::uint64_t footprint);
  std::uint64_t judged() const { return judged_; }

 private:
  std::uint64_t signature_ = 0;       // of the round that is going on
  std::uint64_t asked_for_ = 0;       // bytes
  bool is_aligned_ = false;           // a request of the round that is going on
  std::uint64_t last_signature_ = 0;
  int equal_rounds_ = 0;
  std::uint64_t settled_footprint_ = 0;
  std::uint64_t judged_ = 0;
};

}  // namespace breakproof::harness
