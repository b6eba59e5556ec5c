// Where pages are kept resident when they are unmapped or discarded, and zeroed when they are needed again.
//
// Break and mappings grow from the window's two ends, so cases use the same few pages over and over. Dropping them and
// faulting them in afresh costs several times what zeroing does, and was half of what a run cost.
#pragma once

#include "model/mapping/address_space.h"

namespace breakproof::harness {

class WarmPages {
 public:
  // A window of at least two zones.
  explicit WarmPages(model::Range window) : window_(window) {}

  model::Range low() const { return {window_.start, window_.start + kZone}; }
  model::Range high() const { return {window_.end - kZone, window_.end}; }

  // Whether the pages of this range are kept: it lies in one of the zones, and is not so long that only a few of its
  // pages will be touched.
  bool Keeps(model::Range range) const {
    const bool is_inside = range.end <= low().end || range.start >= high().start;
    return is_inside && range.size() <= kLongest;
  }

  // Makes the pages of an accessible range read as zeroes; only those that are resident are written to.
  void Zero(model::Range range);

 private:
  static constexpr model::Word kZone = model::Word{64} << 20;
  static constexpr model::Word kLongest = model::Word{1} << 20;

  model::Range window_;
  unsigned char is_resident_[kLongest / model::kPage];
};

}  // namespace breakproof::harness
