// Where pages are kept resident when they are unmapped or discarded, and zeroed when they are needed again.
//
// Break and mappings grow from the window's two ends, so cases use the same few pages over and over. Dropping them and
// faulting them in afresh costs several times what zeroing does, and was half of what a run cost.
#pragma once

#include "harness/kernel/simulated/resident_pages.h"

namespace breakproof::harness {

class WarmPages {
 public:
  // A window of at least two zones.
  explicit WarmPages(model::Range window)
      : low_({window.start, window.start + kZone}), high_({window.end - kZone, window.end}) {}

  model::Range low() const { return low_.range(); }
  model::Range high() const { return high_.range(); }

  // Whether the pages of this range are kept: it lies in one of the zones, and is not so long that what is to be zeroed
  // costs more than what is touched. Of the break all is retailed in time; a long mapping is one block's, and will be
  // touched here and there.
  bool Keeps(model::Range range) const {
    if (range.end <= low().end) return range.size() <= kLongestOfBreak;
    return range.start >= high().start && range.size() <= kLongestMapping;
  }

  // Makes a range that is kept, and accessible, read as zeroes.
  void Zero(model::Range range) { (range.end <= low().end ? low_ : high_).Zero(range); }
  // Of any range: its pages were dropped.
  void Dropped(model::Range range) {
    low_.Dropped(range);
    high_.Dropped(range);
  }

 private:
  static constexpr model::Word kZone = model::Word{64} << 20;
  static constexpr model::Word kLongestOfBreak = model::Word{16} << 20;
  static constexpr model::Word kLongestMapping = model::Word{2} << 20;

  ResidentPages low_, high_;
};

}  // namespace breakproof::harness
