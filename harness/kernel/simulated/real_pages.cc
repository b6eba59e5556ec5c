#include "harness/kernel/simulated/real_pages.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "harness/support/poison.h"

namespace breakproof::harness {
namespace {

using model::Effect;
using model::kPage;
using model::Range;
using model::Word;

constexpr int kReserved = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;

void* Pointer(Word address) { return reinterpret_cast<void*>(address); }

void Require(bool done, const char* step) {
  if (done) return;
  std::fprintf(stderr, "simulated kernel: %s failed on real pages: %s\n", step, std::strerror(errno));
  std::abort();
}

}  // namespace

RealPages::RealPages(Word preferred, Word size, Unmapped unmapped)
    : warm_({}), hides_unmapped_(kHasPoison && unmapped == Unmapped::kHidden) {
  void* got = mmap(Pointer(preferred), size, PROT_NONE, kReserved | MAP_FIXED_NOREPLACE, -1, 0);
  if (got == MAP_FAILED) got = mmap(nullptr, size, PROT_NONE, kReserved, -1, 0);
  Require(got != MAP_FAILED, "reserving the window");
  range_ = {reinterpret_cast<Word>(got), reinterpret_cast<Word>(got) + size};
  warm_ = WarmPages(range_);
  low_end_ = range_.start;
  high_start_ = range_.end;
}

RealPages::~RealPages() {
  for (const auto& [object, file] : files_) close(file);
  munmap(Pointer(range_.start), range_.size());
}

void RealPages::Reset() {
  if (!files_.empty()) {
    Reserve(range_);
  } else {
    const Range low = warm_.low(), high = warm_.high();
    Close({low.start, std::min(low_end_, low.end)});
    Close({std::max(high_start_, high.start), high.end});
    if (low_end_ > low.end || high_start_ < high.start) Reserve({low.end, high.start});
  }
  low_end_ = range_.start;
  high_start_ = range_.end;
  keeps_discarded_ = false;
  for (const auto& [object, file] : files_) close(file);
  files_.clear();
}

void RealPages::NoteUse(Range range) {
  if (range.end <= warm_.low().end || range.end - range_.start < range_.end - range.start) {
    low_end_ = std::max(low_end_, range.end);
  } else {
    high_start_ = std::min(high_start_, range.start);
  }
}

void RealPages::Carry(const model::State& state, const std::vector<Effect>& effects, OfferedPages offered) {
  for (const Effect& effect : effects) {
    void* start = Pointer(effect.range.start);
    switch (effect.kind) {
      case Effect::Kind::kMap: Map(state, effect); break;
      case Effect::Kind::kUnmap: Unmap(effect); break;
      case Effect::Kind::kProtect:
        NoteOther(effect.range);
        Require(mprotect(start, effect.range.size(), static_cast<int>(effect.attributes.protection)) == 0, "mprotect");
        break;
      case Effect::Kind::kMove: Move(effect); break;
      case Effect::Kind::kOffer:
        if (offered == OfferedPages::kKept) break;
        [[fallthrough]];
      case Effect::Kind::kDiscard: Discard(state, effect.range); break;
      case Effect::Kind::kPunch: Punch(state, effect.range); break;
      case Effect::Kind::kCopy: break;  // the same bytes before and after
    }
  }
}

void RealPages::Unmap(const Effect& effect) {
  if (!effect.attributes.IsPrivateAnonymous() || !warm_.Keeps(effect.range)) return Reserve(effect.range);
  Close(effect.range);
}

void RealPages::Close(Range range) {
  if (range.empty()) return;
  const auto forbid = [](Word from, Word to) {
    Require(mprotect(Pointer(from), to - from, PROT_NONE) == 0, "unmapping");
  };
  if (!hides_unmapped_) return forbid(range.start, range.end);
  open_.ForEachIn(range.start, range.end, [](Word from, Word to) { Poison(Pointer(from), to - from); });
  others_.ForEachIn(range.start, range.end, forbid);
  others_.Remove(range.start, range.end);
}

void RealPages::Reserve(Range range) {
  NoteOther(range);
  others_.Remove(range.start, range.end);
  warm_.Dropped(range);
  void* got = mmap(Pointer(range.start), range.size(), PROT_NONE, kReserved | MAP_FIXED, -1, 0);
  Require(got == Pointer(range.start), "unmapping");
}

void RealPages::Map(const model::State& state, const Effect& effect) {
  const model::Attributes& a = effect.attributes;
  NoteUse(effect.range);
  if (a.IsPrivateAnonymous() && a.protection == (model::kRead | model::kWrite) && warm_.Keeps(effect.range)) {
    Open(effect.range);
    return warm_.Zero(effect.range);
  }
  NoteOther(effect.range);
  const int file = a.IsPrivateAnonymous() ? -1 : FileOf(state, a.object);
  // NORESERVE always: what may be promised is the model's decision, not this machine's.
  const int flags = MAP_FIXED | MAP_NORESERVE | (a.shared ? MAP_SHARED : MAP_PRIVATE) | (file < 0 ? MAP_ANONYMOUS : 0);
  void* got = mmap(Pointer(effect.range.start), effect.range.size(), static_cast<int>(a.protection), flags, file,
                   static_cast<off_t>(a.object_start));
  Require(got == Pointer(effect.range.start), "mapping");
}

void RealPages::Open(Range range) {
  Show(range);
  if (open_.Covers(range.start, range.end)) return;
  Require(mprotect(Pointer(range.start), range.size(), PROT_READ | PROT_WRITE) == 0, "mapping");
  if (hides_unmapped_) open_.Add(range.start, range.end);
}

void RealPages::Show(Range range) {
  open_.ForEachIn(range.start, range.end, [](Word from, Word to) { Unpoison(Pointer(from), to - from); });
}

void RealPages::NoteOther(Range range) {
  if (!hides_unmapped_) return;
  Show(range);
  open_.Remove(range.start, range.end);
  others_.Add(range.start, range.end);
}

void RealPages::Move(const Effect& effect) {
  constexpr int kFlags = MREMAP_MAYMOVE | MREMAP_FIXED;
  const Word size = effect.range.size();
  void* got = mremap(Pointer(effect.range.start), size, size, kFlags, Pointer(effect.target));
  if (got == MAP_FAILED && errno == EFAULT) {  // several areas for the real kernel (M48): page by page
    for (Word at = 0; at < size; at += kPage) {
      got = mremap(Pointer(effect.range.start + at), kPage, kPage, kFlags, Pointer(effect.target + at));
      Require(got != MAP_FAILED, "moving a page");
    }
  }
  Require(got != MAP_FAILED, "moving");
  NoteUse({effect.target, effect.target + size});
  NoteOther({effect.target, effect.target + size});
  Reserve(effect.range);
}

void RealPages::Discard(const model::State& state, Range range) {
  const std::vector<model::Area> areas = state.space.AreasIn(range);
  const bool is_plain = areas.size() == 1 && areas[0].range.size() == range.size() &&
                        areas[0].attributes.IsPrivateAnonymous() &&
                        areas[0].attributes.protection == (model::kRead | model::kWrite);
  if (is_plain && warm_.Keeps(range)) {
    if (!keeps_discarded_) warm_.Zero(range);
    return;
  }
  Require(madvise(Pointer(range.start), range.size(), MADV_DONTNEED) == 0, "madvise");
}

void RealPages::Punch(const model::State& state, Range range) {
  for (const model::Area& area : state.space.AreasIn(range)) {
    const int done = fallocate(FileOf(state, area.attributes.object), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                               static_cast<off_t>(area.attributes.object_start), static_cast<off_t>(area.range.size()));
    Require(done == 0, "punching a hole");
  }
}

int RealPages::FileOf(const model::State& state, int object) {
  const auto known = files_.find(object);
  if (known != files_.end()) return known->second;
  const int file = memfd_create("breakproof", MFD_CLOEXEC);
  Require(file >= 0 && ftruncate(file, static_cast<off_t>(state.object_size.at(object))) == 0, "making shared memory");
  return files_[object] = file;
}

}  // namespace breakproof::harness
