// The reference allocator's System in the search: machine integers, and the modelled kernel with refusals on demand.
// Payloads are not stored. What the allocator copies and clears is recorded instead, and judged after the call.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/break/libc_break.h"
#include "model/mapping/calls.h"

namespace breakproof::model::reference {

// The part of the kernel's state that a sequence of calls changes.
struct KernelState {
  AddressSpace space;
  std::uint64_t program_break;
  std::uint64_t libc_break;
};

class ModelSystem {
 public:
  using Word = std::uint64_t;
  using Bool = bool;
  struct Product {
    Word low, high;
  };

  enum class Kind { kMoveBreak, kMap, kUnmap, kRemap, kCopy, kClear };
  struct Event {
    Kind kind;
    Word to = 0, from = 0, length = 0, new_length = 0;
    bool refused = false;
  };

  // Calls of the kernel are numbered from 1; number `refuse` is refused, 0 for none.
  ModelSystem(const Machine& machine, const KernelState& before, int refuse);

  KernelState After() const { return {state_.space, state_.program_break.current, libc_.cached}; }
  int calls() const { return calls_; }
  bool refused() const { return refused_; }
  const std::vector<Event>& events() const { return events_; }
  // What the allocator did that no kernel call or access may do; "" if nothing.
  const std::string& crime() const { return crime_; }

  bool Decide(bool condition) { return condition; }
  Product Multiply(Word x, Word y) {
    const unsigned __int128 product = static_cast<unsigned __int128>(x) * y;
    return {static_cast<Word>(product), static_cast<Word>(product >> 64)};
  }
  Word Break() { return LibcSbrk(state_, libc_, 0).value; }
  bool MoveBreak(Word increment);
  bool Map(Word length, Word* start);
  bool Unmap(Word start, Word length);
  bool Remap(Word* start, Word old_length, Word new_length);
  void Copy(Word to, Word from, Word bytes);
  void Clear(Word to, Word bytes);

  // Somebody else raises the break.
  bool ForeignMove(Word increment) { return LibcSbrk(state_, libc_, static_cast<std::int64_t>(increment)).error == 0; }
  // Readable, writable, private and anonymous throughout.
  bool IsGranted(Word start, Word length) const;

 private:
  bool MayCall(Event event);
  bool Settle(const Result& result);

  State state_;
  LibcBreak libc_;
  TopDownChooser chooser_;
  int refuse_;
  int calls_ = 0;
  bool refused_ = false;
  std::vector<Event> events_;
  std::string crime_;
};

}  // namespace breakproof::model::reference
