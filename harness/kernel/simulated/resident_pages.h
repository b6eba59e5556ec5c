// A range of private pages of which some are kept resident, and are zeroed before they are used again.
//
// To ask the kernel which of them are costs more than to zero them. So what was used of late is zeroed by hand, as are
// short runs between; of long runs that were not, whatever is resident is dropped.
#pragma once

#include <cstdint>
#include <vector>

#include "model/mapping/address_space.h"

namespace breakproof::harness {

class ResidentPages {
 public:
  // Whole pages.
  explicit ResidentPages(model::Range range) : range_(range), patience_(range.size() / model::kPage) {}

  model::Range range() const { return range_; }

  // Makes pages of it read as zeroes; they must be accessible.
  void Zero(model::Range range);
  // Of any range: its pages were dropped.
  void Dropped(model::Range range);

 private:
  using Page = std::size_t;  // number within the range

  model::Word AddressOf(Page page) const { return range_.start + page * model::kPage; }
  Page EndOfRun(Page page, Page end) const;
  void ZeroByHand(Page begin, Page end);
  void ZeroUnused(Page begin, Page end);
  void Learn(Page begin, Page end);

  model::Range range_;
  std::vector<std::uint8_t> patience_;  // by page: looks until it counts as unused
  std::uint32_t long_runs_ = 0;
};

}  // namespace breakproof::harness
