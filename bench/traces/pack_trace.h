// Packs a recorded case for the replaying workload.
//
// Every live block gets the lowest slot that is free, so that the replayer's table stays small. Logical threads
// become one sequence, in the order recorded. What is no call of the malloc family is left out.
#pragma once

#include <string>

#include "harness/case/case.h"

namespace breakproof::bench {

// The bytes of a trace file (trace_format.h).
std::string PackTrace(const harness::Case& c);

}  // namespace breakproof::bench
