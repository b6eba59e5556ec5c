// A reserved range of addresses in which the effects that the model decided are carried out on real pages.
#pragma once

#include <map>
#include <vector>

#include "harness/kernel/simulated/warm_pages.h"
#include "harness/support/address_set.h"
#include "model/mapping/state.h"

namespace breakproof::harness {

// What a page offered by MADV_FREE shows until it is stored to: rule M74 allows both.
enum class OfferedPages { kDropped, kKept };

// How a stray access to what is not mapped is stopped.
enum class Unmapped {
  kForbidden,  // by the processor, whoever does it
  // Under AddressSanitizer by it, as far as who does it was built with it; elsewhere as above. Between two cases most pages
  // are given back and bought again: two writes to their shadow are a fraction of what two changes of access cost.
  kHidden,
};

// What is not mapped in the model is inaccessible here, so that a stray access is stopped at the guilty
// instruction. A real call that fails means that the harness can not go on: it prints why and aborts.
class RealPages {
 public:
  // Reserves `size` bytes at `preferred`, or elsewhere if that is taken. Aborts if there is no room.
  RealPages(model::Word preferred, model::Word size, Unmapped unmapped = Unmapped::kForbidden);
  ~RealPages();
  RealPages(const RealPages&) = delete;
  RealPages& operator=(const RealPages&) = delete;

  model::Range range() const { return range_; }
  void Carry(const model::State& state, const std::vector<model::Effect>& effects, OfferedPages offered);

  // From here to the next Reset, discarded pages keep their bytes where that is cheaper.
  void KeepDiscarded() { keeps_discarded_ = true; }

  // Everything inaccessible again, contents gone. Cost: a system call or two and the pages that were in use.
  void Reset();

 private:
  // Inaccessible; the contents may stay until the range is mapped again (Unmap, Close), or go at once (Reserve).
  void Unmap(const model::Effect& effect);
  void Close(model::Range range);
  void Reserve(model::Range range);
  void Map(const model::State& state, const model::Effect& effect);
  // Accessible, whatever it holds.
  void Open(model::Range range);
  void Show(model::Range range);
  void NoteOther(model::Range range);
  void Move(const model::Effect& effect);
  void NoteUse(model::Range range);
  void Discard(const model::State& state, model::Range range);
  void Punch(const model::State& state, model::Range range);
  int FileOf(const model::State& state, int object);

  model::Range range_;
  WarmPages warm_;
  const bool hides_unmapped_;
  // Where unmapping hides: ranges with access, mapped or hidden; and what is mapped otherwise, which is to be forbidden.
  AddressSet open_, others_;
  // Nothing between these was mapped since the last Reset.
  model::Word low_end_ = 0;
  model::Word high_start_ = 0;
  bool keeps_discarded_ = false;
  std::map<int, int> files_;  // memory files behind shared anonymous objects
};

}  // namespace breakproof::harness
