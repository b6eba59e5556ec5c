// Where pages are kept resident when they are unmapped or discarded, and zeroed when they are needed again.
//
// Break and mappings grow from the window's two ends, so cases use the same few pages over and over. Dropping them and
// faulting them in afresh costs several times what zeroing does, and was half of what a run cost.
#pragma once

#include "model/mapping/address_space.h"

namespace breakproof::harness {

// Makes an accessible range of private pages read as zeroes; only those that are resident are written to.
void ZeroResident(model::Range range);

class WarmPages {
 public:
  // A window of at least two zones.
  explicit WarmPages(model::Range window) : window_(window) {}

  model::Range low() const { return {window_.start, window_.start + kZone}; }
  model::Range high() const { return {window_.end - kZone, window_.end}; }

  // Whether the pages of this range are kept: it lies in one of the zones, and is not so long that what is to be zeroed
  // costs more than what is touched. Of the break all is retailed in time; a long mapping is one block's, and will be
  // touched here and there.
  bool Keeps(model::Range range) const {
    if (range.end <= low().end) return range.size() <= kLongestOfBreak;
    return range.start >= high().start && range.size() <= kLongestMapping;
  }

 private:
  static constexpr model::Word kZone = model::Word{64} << 20;
  static constexpr model::Word kLongestOfBreak = model::Word{16} << 20;
  static constexpr model::Word kLongestMapping = model::Word{2} << 20;

  model::Range window_;
};

}  // namespace breakproof::harness
