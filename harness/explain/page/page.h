// A run of a case as one HTML file that needs nothing else: operations, address space over time, the violation.
#pragma once

#include <string>

#include "harness/explain/trace.h"

namespace breakproof::harness {

std::string ReportPage(const Trace& trace);

}  // namespace breakproof::harness
