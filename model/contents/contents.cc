#include "model/contents/contents.h"

#include <algorithm>
#include <utility>

#include "model/mapping/calls.h"

namespace breakproof::model {

void Contents::Apply(State& state, const std::vector<Effect>& effects) {
  for (const Effect& effect : effects) {
    switch (effect.kind) {
      case Effect::Kind::kMap:
      case Effect::Kind::kProtect: break;  // C1 C3: fresh pages have no private contents, protection changes none
      case Effect::Kind::kUnmap:
        if (private_.lower_bound(effect.range.start) != private_.lower_bound(effect.range.end)) state.Hit(Rule::C2);
        [[fallthrough]];
      case Effect::Kind::kDiscard: Discard(effect.range); break;
      case Effect::Kind::kMove: Move(effect.range, effect.target); break;
      case Effect::Kind::kOffer: Offer(effect.range); break;
      case Effect::Kind::kPunch: Punch(state, effect.range); break;
      case Effect::Kind::kCopy: Copy(state, effect.range); break;
    }
  }
}

Access Contents::MayLoad(const State& state, Word address) {
  const std::optional<Area> area = state.space.At(address);
  if (!area) return Access::kUnmapped;
  if (!(area->attributes.protection & (kRead | kWrite | kExecute))) return Access::kForbidden;  // M42: x86
  return address < EndOfObject(state, *area) ? Access::kOk : Access::kPastEnd;                  // C10
}

Access Contents::MayStore(const State& state, Word address) {
  const std::optional<Area> area = state.space.At(address);
  if (!area) return Access::kUnmapped;
  if (!(area->attributes.protection & kWrite)) return Access::kForbidden;       // C14
  return address < EndOfObject(state, *area) ? Access::kOk : Access::kPastEnd;  // C10
}

std::uint8_t Contents::Load(const State& state, Word address) const {
  const Page* page = Find(state, RoundDown(address));
  return page == nullptr ? 0 : page->bytes[address % kPage];
}

void Contents::Store(State& state, Word address, std::uint8_t value) {
  const Area area = *state.space.At(address);
  if (area.attributes.shared && !area.attributes.IsPrivateAnonymous()) {
    Page& page = objects_[area.attributes.object][RoundDown(area.ObjectOffset(address))];
    page.bytes[address % kPage] = value;
    if (page.alternative) (*page.alternative)[address % kPage] = value;
    state.Hit(Rule::C6);
    return;
  }
  Copy(state, {RoundDown(address), RoundDown(address) + kPage});
  Page& page = private_[RoundDown(address)];
  page.bytes[address % kPage] = value;
  if (page.alternative) (*page.alternative)[address % kPage] = value;  // M74: others keep the old values or not
  page.offered = false;
}

const Page* Contents::Find(const State& state, Word page_address) const {
  if (const auto own = private_.find(page_address); own != private_.end()) return &own->second;
  const std::optional<Area> area = state.space.At(page_address);
  if (!area || area->attributes.IsPrivateAnonymous()) return nullptr;  // C1
  return FindObjectPage(area->attributes.object, area->ObjectOffset(page_address));
}

const Page* Contents::FindObjectPage(int object, Word offset) const {
  const auto pages = objects_.find(object);
  if (pages == objects_.end()) return nullptr;
  const auto page = pages->second.find(offset);
  return page == pages->second.end() ? nullptr : &page->second;
}

Page* Contents::Find(const State& state, Word page_address) {
  return const_cast<Page*>(std::as_const(*this).Find(state, page_address));
}

void Contents::Decide(const State& state, Word page_address, bool alternative) {
  Page* page = Find(state, page_address);
  if (page == nullptr || !page->alternative) return;
  if (alternative) page->bytes = *page->alternative;
  if (alternative || !page->offered) {
    page->alternative.reset();
    page->offered = false;
  }
}

void Contents::Write(State& state, int object, Word offset, const std::vector<std::uint8_t>& bytes) {
  Grow(state, object, offset + bytes.size());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    Page& page = objects_[object][RoundDown(offset + i)];
    page.bytes[(offset + i) % kPage] = bytes[i];
    if (page.alternative) (*page.alternative)[(offset + i) % kPage] = bytes[i];
  }
  state.Hit(Rule::C6);
}

void Contents::Truncate(State& state, int object, Word size) {
  state.Hit(Rule::C11);
  Grow(state, object, size);
  state.object_size[object] = size;
  Pages& pages = objects_[object];
  pages.erase(pages.lower_bound(RoundUp(size)), pages.end());
  if (const auto cut = pages.find(RoundDown(size)); cut != pages.end()) {
    std::fill(cut->second.bytes.begin() + static_cast<std::ptrdiff_t>(size % kPage), cut->second.bytes.end(), 0);
    cut->second.alternative.reset();
  }
  for (const Area& area : state.space.AreasIn(state.space.window()))  // C11: private copies go too
    if (area.attributes.object == object && !area.attributes.shared)
      Discard({EndOfObject(state, area), area.range.end});
}

void Contents::Discard(Range range) {
  if (!range.empty()) private_.erase(private_.lower_bound(range.start), private_.lower_bound(range.end));
}

void Contents::Offer(Range range) {
  for (auto it = private_.lower_bound(range.start); it != private_.end() && it->first < range.end; ++it) {
    it->second.alternative = std::make_unique<Bytes>();
    it->second.offered = true;
  }
}

void Contents::Move(Range source, Word target) {
  std::vector<Pages::node_type> moved;
  auto it = private_.lower_bound(source.start);
  while (it != private_.end() && it->first < source.end) moved.push_back(private_.extract(it++));
  for (auto& node : moved) {
    node.key() = node.key() - source.start + target;
    private_.insert(std::move(node));
  }
}

// C5: pages of a private mapping get a copy of what the object shows now.
void Contents::Copy(State& state, Range range) {
  for (const Area& area : state.space.AreasIn(range)) {
    if (area.attributes.IsPrivateAnonymous() || area.attributes.shared) continue;
    const Word end = std::min(EndOfObject(state, area), area.range.end);
    for (Word page = area.range.start; page < end; page += kPage) {
      if (private_.contains(page)) continue;
      state.Hit(Rule::C5);
      const Page* original = Find(state, page);
      Page& copy = private_[page];
      if (original == nullptr) continue;
      copy.bytes = original->bytes;
      if (original->alternative) copy.alternative = std::make_unique<Bytes>(*original->alternative);
    }
  }
}

void Contents::Punch(const State& state, Range range) {
  for (const Area& area : state.space.AreasIn(range)) {
    Pages& pages = objects_[area.attributes.object];
    const Word start = area.ObjectOffset(area.range.start);
    pages.erase(pages.lower_bound(start), pages.lower_bound(start + area.range.size()));
  }
}

// C9: bytes stored beyond the old end may become visible, or be zeroed, when the object grows over them.
void Contents::Grow(State& state, int object, Word size) {
  const Word old_size = state.object_size[object];
  if (size <= old_size) return;
  state.object_size[object] = size;
  const auto last = objects_[object].find(RoundDown(old_size));
  if (old_size % kPage == 0 || last == objects_[object].end()) return;
  const auto tail = static_cast<std::ptrdiff_t>(old_size % kPage);
  auto zeroed = std::make_unique<Bytes>(last->second.bytes);
  std::fill(zeroed->begin() + tail, zeroed->end(), 0);
  if (*zeroed == last->second.bytes) return;
  last->second.alternative = std::move(zeroed);
  state.Hit(Rule::C9);
}

}  // namespace breakproof::model
