#include "model/mapping/address_space.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace breakproof::model {

std::optional<Area> AddressSpace::At(Word address) const {
  auto it = areas_.upper_bound(address);
  if (it == areas_.begin()) return std::nullopt;
  --it;
  if (it->second.end <= address) return std::nullopt;
  return Area{{it->first, it->second.end}, it->second.attributes};
}

bool AddressSpace::AnyMapped(Range range) const {
  if (range.empty()) return false;
  if (range.start < window_.start || range.end > window_.end) return true;
  auto it = areas_.lower_bound(range.start);
  return At(range.start).has_value() || (it != areas_.end() && it->first < range.end);
}

std::vector<Area> AddressSpace::AreasIn(Range range) const {
  std::vector<Area> result;
  ForEachAreaIn(range, [&](const Area& area) { result.push_back(area); });
  return result;
}

Word AddressSpace::PagesIn(Range range) const {
  Word pages = 0;
  ForEachAreaIn(range, [&](const Area& area) { pages += area.range.size() / kPage; });
  return pages;
}

bool AddressSpace::HasGap(Word length) const { return HighestGap(length).has_value(); }

std::optional<Word> AddressSpace::HighestGap(Word length) const {
  Word end = window_.end;
  for (auto it = areas_.rbegin(); it != areas_.rend(); ++it) {
    if (end - it->second.end >= length) return end - length;
    end = it->first;
  }
  if (end - window_.start >= length) return end - length;
  return std::nullopt;
}

void AddressSpace::Map(Range range, const Attributes& attributes) {
  Insert(range, attributes);
  effects_.push_back({Effect::Kind::kMap, range, 0, attributes});
  MergeAt(range.start);
  MergeAt(range.end);
}

void AddressSpace::Unmap(Range range) {
  if (range.empty()) return;
  SplitAt(range.start);
  SplitAt(range.end);
  auto it = areas_.lower_bound(range.start);
  while (it != areas_.end() && it->first < range.end) {
    effects_.push_back({Effect::Kind::kUnmap, {it->first, it->second.end}, 0, it->second.attributes});
    Erase(it++);
  }
}

void AddressSpace::Protect(Range range, unsigned protection) {
  for (Area area : AreasIn(range)) {
    SplitAt(area.range.start);
    SplitAt(area.range.end);
    Erase(areas_.find(area.range.start));
    area.attributes.protection = protection;
    Insert(area.range, area.attributes);
    effects_.push_back({Effect::Kind::kProtect, area.range, 0, area.attributes});
    MergeAt(area.range.start);
    MergeAt(area.range.end);
  }
}

void AddressSpace::Move(Range source, Word target) {
  SplitAt(source.start);
  SplitAt(source.end);
  const auto it = areas_.find(source.start);
  const Attributes attributes = it->second.attributes;
  Erase(it);
  const Range destination{target, target + source.size()};
  Insert(destination, attributes);
  effects_.push_back({Effect::Kind::kMove, source, target, attributes});
  MergeAt(destination.start);
  MergeAt(destination.end);
}

void AddressSpace::Extend(Range addition) { Map(addition, At(addition.start - 1)->AttributesAt(addition.start)); }

void AddressSpace::Note(Effect::Kind kind, Range range) { effects_.push_back({kind, range, 0, {}}); }

void AddressSpace::AdoptBoundaries(const std::vector<Word>& starts) {
  std::vector<Word> old;
  for (const auto& [start, extent] : areas_) old.push_back(start);
  for (Word start : old) MergeAt(start);
  for (Word start : starts) SplitAt(start);
}

void AddressSpace::TakeEffects(std::vector<Effect>* effects) {
  effects->clear();
  effects->swap(effects_);
}

void AddressSpace::SplitAt(Word address) {
  const std::optional<Area> area = At(address);
  if (!area || area->range.start == address) return;
  areas_[address] = {area->range.end, area->AttributesAt(address)};
  areas_[area->range.start].end = address;
}

void AddressSpace::MergeAt(Word address) {
  const auto upper = areas_.find(address);
  if (upper == areas_.end() || upper == areas_.begin()) return;
  const auto lower = std::prev(upper);
  if (lower->second.end != address) return;
  const Area below{{lower->first, address}, lower->second.attributes};
  if (!(below.AttributesAt(address) == upper->second.attributes)) return;  // M60 M64
  lower->second.end = upper->second.end;
  areas_.erase(upper);
}

void AddressSpace::Insert(Range range, const Attributes& attributes) {
  areas_[range.start] = {range.end, attributes};
  total_pages_ += range.size() / kPage;
  if (attributes.CountsAsData()) data_pages_ += range.size() / kPage;
}

void AddressSpace::Erase(Areas::iterator area) {
  const Word pages = (area->second.end - area->first) / kPage;
  total_pages_ -= pages;
  if (area->second.attributes.CountsAsData()) data_pages_ -= pages;
  areas_.erase(area);
}

}  // namespace breakproof::model
