// Runs a case on a shared library in a worker process and looks at the worker's memory after each operation.
#pragma once

#include "harness/search/campaign/subject_facts.h"
#include "harness/explain/trace.h"
#include "harness/worker/outside/case_runner.h"

namespace breakproof::harness {

// Runs the case twice where it is long: once to see which operation breaks a rule, once to watch the operations
// before it. Throws CouldNotRun.
Trace TraceLibrary(const Case& c, const SubjectProfile& profile, CaseRunner* runner);

// The same up to the operation with this index, watched whatever it does.
Trace TraceLibraryUntil(const Case& c, std::uint32_t last, const SubjectProfile& profile, CaseRunner* runner);

}  // namespace breakproof::harness
