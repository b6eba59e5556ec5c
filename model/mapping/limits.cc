#include "model/mapping/state.h"

namespace breakproof::model {

bool State::MayExpand(const Attributes& attributes, Word pages) {
  const Word total = machine.other_pages + space.TotalPages() + pages;
  if (limits.address_space != kUnlimited) Hit(Rule::L1);
  if (total > limits.address_space / kPage) return false;  // L1
  if (limits.data != kUnlimited) Hit(Rule::L3);
  if (!attributes.CountsAsData()) return true;  // L3
  const Word data = machine.other_data_pages + space.DataPages() + pages;
  if (limits.data == 0 && Hit(Rule::L5)) return data <= limits.data_hard / kPage;  // L5
  return data <= limits.data / kPage;
}

bool State::MayCharge(const Attributes& attributes, Word pages) {
  const bool charged = !attributes.no_reserve && (attributes.CountsAsData() || attributes.IsSharedAnonymous());
  if (pages <= machine.largest_charge) return true;
  Hit(charged ? Rule::L9 : Rule::L10);
  return !charged;  // L9 L10
}

}  // namespace breakproof::model
