#include "harness/kernel/simulated/resident_pages.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace breakproof::harness {

namespace {

using model::kPage;
using model::Word;

// Of so many pages that are not known to be used most were not touched, and should stay so. To drop them all costs less than
// to ask, or to look; but who never asks learns nothing.
constexpr std::size_t kLongRun = 16;
// Looks at a page that nobody has used until it counts as such. A fault costs as much as a dozen.
constexpr std::uint8_t kPatience = 16;
// One in eight asks, spread so that no period of what a run maps can miss it.
bool IsToAsk(std::uint32_t number) { return number * 0x9e3779b1u < 1u << 29; }

void* Pointer(Word address) { return reinterpret_cast<void*>(address); }

void Require(int status, const char* call) {
  if (status == 0) return;
  std::fprintf(stderr, "simulated kernel: %s failed on real pages\n", call);
  std::abort();
}

using Line = Word __attribute__((vector_size(64)));

__attribute__((no_sanitize("address"))) bool IsZero(const Line* lines) {
  constexpr Word kGroup = 4;
  for (Word i = 0; i < kPage / sizeof(Line); i += kGroup) {
    if (__builtin_reduce_or(lines[i] | lines[i + 1] | lines[i + 2] | lines[i + 3]) != 0) return false;
  }
  return true;
}

// Whether anybody has written to it. Not by memset: a sanitizer's would first look whether anybody may write there. To read
// a page that nobody has touched costs less than to write it, and one that somebody has shows that at once.
__attribute__((no_builtin("memset"), no_sanitize("address"))) bool ZeroPage(Word start) {
  auto* const lines = reinterpret_cast<Line*>(start);
  if (IsZero(lines)) return false;
  for (Word i = 0; i < kPage / sizeof(Line); ++i) lines[i] = Line{};
  return true;
}

}  // namespace

void ResidentPages::Zero(model::Range range) {
  const Page end = (range.end - range_.start) / kPage;
  for (Page page = (range.start - range_.start) / kPage; page < end;) {
    const Page run_end = EndOfRun(page, end);
    patience_[page] != 0 ? ZeroByHand(page, run_end) : ZeroUnused(page, run_end);
    page = run_end;
  }
}

void ResidentPages::Dropped(model::Range range) {
  const Word start = std::max(range.start, range_.start), end = std::min(range.end, range_.end);
  if (start < end) std::memset(patience_.data() + (start - range_.start) / kPage, 0, (end - start) / kPage);
}

// Of the pages from there on that are used as well, or are not either.
ResidentPages::Page ResidentPages::EndOfRun(Page page, Page end) const {
  const bool is_used = patience_[page] != 0;
  do ++page;
  while (page < end && (patience_[page] != 0) == is_used);
  return page;
}

void ResidentPages::ZeroByHand(Page begin, Page end) {
  for (Page page = begin; page < end; ++page) {
    const int rest = std::max(patience_[page] - 1, 0);
    patience_[page] = static_cast<std::uint8_t>(ZeroPage(AddressOf(page)) ? kPatience : rest);
  }
}

void ResidentPages::ZeroUnused(Page begin, Page end) {
  if (end - begin < kLongRun) return ZeroByHand(begin, end);
  if (IsToAsk(long_runs_++)) Learn(begin, end);
  Require(madvise(Pointer(AddressOf(begin)), (end - begin) * kPage, MADV_DONTNEED), "madvise");
}

void ResidentPages::Learn(Page begin, Page end) {
  constexpr Page kPart = 1024;
  unsigned char is_resident[kPart];
  for (Page part = begin; part < end; part += kPart) {
    const Page pages = std::min(kPart, end - part);
    Require(mincore(Pointer(AddressOf(part)), pages * kPage, is_resident), "mincore");
    for (Page i = 0; i < pages; ++i) patience_[part + i] = is_resident[i] & 1 ? kPatience : 0;
  }
}

}  // namespace breakproof::harness
