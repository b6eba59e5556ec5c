// The bytes behind the mappings: zero fill, copy-on-write, objects that show through, faults (rules C1-C14).
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "model/mapping/state.h"

namespace breakproof::model {

using Bytes = std::array<std::uint8_t, kPage>;

struct Page {
  Bytes bytes{};
  // The kernel may also show these: after MADV_FREE (M74), or for bytes beyond the end of a file (C9).
  std::unique_ptr<Bytes> alternative;
  bool offered = false;  // MADV_FREE still stands: the bytes may become the alternative at any time
};

enum class Access {
  kOk,
  kUnmapped,   // SIGSEGV, code 1
  kForbidden,  // SIGSEGV, code 2
  kPastEnd,    // SIGBUS, code 2
};

class Contents {
 public:
  // Carries out what a call did. `state` is the state after that call.
  void Apply(State& state, const std::vector<Effect>& effects);

  // May the CPU load from (store to) the address? C10 C12
  static Access MayLoad(const State& state, Word address);
  static Access MayStore(const State& state, Word address);

  std::uint8_t Load(const State& state, Word address) const;   // MayLoad said kOk
  void Store(State& state, Word address, std::uint8_t value);  // MayStore said kOk

  // What the mapped page shows: private copy or object page; nullptr means all zero.
  Page* Find(const State& state, Word page_address);
  const Page* Find(const State& state, Word page_address) const;
  // The page of an object at a page-aligned offset; nullptr means all zero.
  const Page* FindObjectPage(int object, Word offset) const;
  // The page was seen to show its alternative (or not): the choice is made.
  void Decide(const State& state, Word page_address, bool alternative);

  // The file behind `object`, through a descriptor. Offsets in bytes.
  void Write(State& state, int object, Word offset, const std::vector<std::uint8_t>& bytes);  // C4 C6
  void Truncate(State& state, int object, Word size);                                         // C11

 private:
  using Pages = std::map<Word, Page>;  // by address, or by offset in the object
  void Discard(Range range);
  void Offer(Range range);
  void Move(Range source, Word target);
  void Copy(State& state, Range range);
  void Punch(const State& state, Range range);
  void Grow(State& state, int object, Word size);

  Pages private_;
  std::map<int, Pages> objects_;
};

}  // namespace breakproof::model
