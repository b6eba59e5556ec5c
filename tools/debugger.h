// A case under gdb.
#pragma once

#include <filesystem>

#include "harness/case/case.h"
#include "tools/case_subject.h"

namespace breakproof::tools {

// Runs gdb on a worker that performs the case, stopped right before the operation with this index; returns when
// gdb ends. Throws CouldNotRun if gdb is not installed.
int RunInDebugger(const harness::Case& c, std::uint32_t index, const SubjectFlags& subject,
                  const std::filesystem::path& scratch);

}  // namespace breakproof::tools
