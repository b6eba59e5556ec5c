// What of a fuzzed case a worker on the real kernel can be given.
#pragma once

#include "harness/case/case.h"

namespace breakproof::harness {

// The case without the gap and the refusals beyond kMostRefusals, which only the simulated kernel can do, and without
// moves of the break that take back more than the moves directly before them: what lies below is the subject's, and to
// take that away is the program's own fault.
Case WithinReach(Case c);

}  // namespace breakproof::harness
