// The mappings of a process as a map of intervals, and the primitive changes that calls are made of.
//
// Every primitive appends an Effect. Whoever keeps memory behind the addresses (the model of contents, or
// the simulated kernel with its real pages) replays the effects and needs no rule of its own.
#pragma once

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <vector>

#include "model/mapping/abi.h"

namespace breakproof::model {

// Objects are numbered: files below kFirstAnonymousObject, shared anonymous memory from there on.
inline constexpr int kNoObject = -1;
inline constexpr int kFirstAnonymousObject = 1000;

// Half-open range of addresses.
struct Range {
  Word start = 0;
  Word end = 0;
  Word size() const { return end - start; }
  bool empty() const { return start >= end; }
};

// What all pages of one mapping have in common.
struct Attributes {
  unsigned protection = kNone;
  bool shared = false;
  bool may_write = true;    // false: shared mapping of a read-only descriptor (M38)
  bool no_reserve = false;  // M24
  int object = kNoObject;   // file or shared anonymous object; kNoObject: private anonymous
  Word object_start = 0;    // offset in the object of the mapping's first byte

  bool IsPrivateAnonymous() const { return object == kNoObject; }
  bool IsSharedAnonymous() const { return object >= kFirstAnonymousObject; }
  bool CountsAsData() const { return (protection & kWrite) != 0 && !shared; }  // L3
  friend bool operator==(const Attributes&, const Attributes&) = default;
};

struct Area {
  Range range;
  Attributes attributes;
  // Offset in the object of an address inside the area.
  Word ObjectOffset(Word address) const { return attributes.object_start + (address - range.start); }
  // The attributes of the area's remainder from `address` on.
  Attributes AttributesAt(Word address) const {
    Attributes result = attributes;
    if (!result.IsPrivateAnonymous()) result.object_start = ObjectOffset(address);
    return result;
  }
};

struct Effect {
  enum class Kind {
    kMap,      // range becomes a fresh mapping with `attributes` (it was unmapped before)
    kUnmap,    // range becomes inaccessible, private contents are lost
    kProtect,  // range gets attributes.protection
    kMove,     // range moves to `target` with its private contents; the source becomes unmapped
    kDiscard,  // private contents of range are dropped (MADV_DONTNEED)
    kOffer,    // private contents of range may be dropped at any time (MADV_FREE)
    kPunch,    // the object's bytes behind the shared range become zero (MADV_REMOVE)
    kCopy,     // private pages of range get their own copy, as if stored to (populate)
  };
  Kind kind;
  Range range;
  Word target = 0;
  Attributes attributes{};
};

class AddressSpace {
 public:
  // `window`: the addresses calls may use. Everything outside counts as mapped by somebody else.
  explicit AddressSpace(Range window) : window_(window) {}

  Range window() const { return window_; }
  std::optional<Area> At(Word address) const;  // the area that covers address
  bool AnyMapped(Range range) const;           // outside the window counts as mapped
  bool IsFree(Range range) const { return !AnyMapped(range); }
  std::vector<Area> AreasIn(Range range) const;       // clipped to range, in order
  template <typename Visit>
  void ForEachAreaIn(Range range, Visit visit) const;  // the same, one by one
  Word PagesIn(Range range) const;                    // mapped pages inside range
  Word TotalPages() const { return total_pages_; }    // L1
  Word DataPages() const { return data_pages_; }      // L3
  bool HasGap(Word length) const;                     // some free range of that length exists
  std::optional<Word> HighestGap(Word length) const;  // start of the uppermost such range (M17)

  // Primitives. Ranges are page-aligned and inside the window.
  void Map(Range range, const Attributes& attributes);  // range must be free
  void Unmap(Range range);
  void Protect(Range range, unsigned protection);  // mapped pages of range only
  void Move(Range source, Word target);            // source lies in one area, target is free
  void Extend(Range addition);                     // the area ending at addition.start grows over it
  void Note(Effect::Kind kind, Range range);       // effects that change contents only

  // Neighbouring areas with equal attributes may or may not be one area of the kernel (M60-M66): a choice.
  // Adopts the observed starts (sorted): merges what can be merged, then splits there.
  void AdoptBoundaries(const std::vector<Word>& starts);

  // In place of what is in there.
  void TakeEffects(std::vector<Effect>* effects);

 private:
  struct Extent {
    Word end;
    Attributes attributes;
  };
  using Areas = std::map<Word, Extent>;

  void SplitAt(Word address);
  void MergeAt(Word address);
  void Insert(Range range, const Attributes& attributes);
  void Erase(Areas::iterator area);

  Range window_;
  Areas areas_;  // by start, disjoint
  Word total_pages_ = 0;
  Word data_pages_ = 0;
  std::vector<Effect> effects_;
};

template <typename Visit>
void AddressSpace::ForEachAreaIn(Range range, Visit visit) const {
  if (range.empty()) return;
  auto it = areas_.upper_bound(range.start);
  if (it != areas_.begin() && std::prev(it)->second.end > range.start) --it;
  for (; it != areas_.end() && it->first < range.end; ++it) {
    Area area{{it->first, it->second.end}, it->second.attributes};
    if (area.range.start < range.start) {
      area.attributes = area.AttributesAt(range.start);
      area.range.start = range.start;
    }
    area.range.end = std::min(area.range.end, range.end);
    visit(area);
  }
}

}  // namespace breakproof::model
