// Reads the mappings of a range of this process, without allocating.
#pragma once

#include "harness/kernel/real/protocol.h"

namespace breakproof::harness {

// `maps`: descriptor of /proc/self/maps. Fills at most kMaxAreas areas that intersect the range, clipped to
// it, and returns their number. `query`: by PROCMAP_QUERY (Linux 6.11) instead of parsing text.
int ReadAreas(int maps, bool query, model::Range range, AreaView* areas);

// Does the kernel know PROCMAP_QUERY?
bool CanQueryMaps(int maps);

}  // namespace breakproof::harness
