#include "harness/kernel/simulated/warm_pages.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace breakproof::harness {

namespace {

// Not by memset: a sanitizer's would first look whether anybody may write there.
__attribute__((no_builtin("memset"))) void Zero(model::Word start, model::Word size) {
  using Line = model::Word __attribute__((vector_size(64)));
  auto* const lines = reinterpret_cast<Line*>(start);
  for (model::Word i = 0; i < size / sizeof(Line); ++i) lines[i] = Line{};
}

}  // namespace

void ZeroResident(model::Range range) {
  constexpr model::Word kPart = model::Word{4} << 20;
  unsigned char is_resident[kPart / model::kPage];
  for (model::Word part = range.start; part < range.end; part += kPart) {
    const model::Word size = std::min(kPart, range.end - part);
    if (mincore(reinterpret_cast<void*>(part), size, is_resident) != 0) {
      std::perror("simulated kernel: mincore failed on real pages");
      std::abort();
    }
    for (model::Word page = 0; page < size / model::kPage; ++page) {
      if (is_resident[page] & 1) Zero(part + page * model::kPage, model::kPage);
    }
  }
}

}  // namespace breakproof::harness
