#include "harness/kernel/simulated/warm_pages.h"

#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace breakproof::harness {

void WarmPages::Zero(model::Range range) {
  if (mincore(reinterpret_cast<void*>(range.start), range.size(), is_resident_) != 0) {
    std::perror("simulated kernel: mincore failed on real pages");
    std::abort();
  }
  for (model::Word page = 0; page < range.size() / model::kPage; ++page) {
    if (is_resident_[page] & 1) std::memset(reinterpret_cast<void*>(range.start + page * model::kPage), 0, model::kPage);
  }
}

}  // namespace breakproof::harness
