// One observation of the real kernel against the model's state.
#pragma once

#include <optional>

#include "harness/kernel/differential/differential.h"

namespace breakproof::harness {

// Result, errno, break, libc's break, map of the window, contents, faults. Where the rules leave a choice
// (area boundaries, offered pages) the model adopts what was seen.
std::optional<Mismatch> Compare(model::Kernel& kernel, const model::Result& expected, const Observation& seen);

// Size and bytes of a file as `read` shows them.
std::optional<Mismatch> CompareFile(model::Kernel& kernel, int file, const FileView& seen);

}  // namespace breakproof::harness
