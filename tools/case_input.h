// Whatever shows a failure, as a case.
#pragma once

#include <filesystem>
#include <vector>

#include "harness/case/case.h"

namespace breakproof::tools {

// Takes
//   - a case as text;
//   - the journal of a run that was killed;
//   - an input of a fuzz target (libFuzzer's crash-..., oom-..., timeout-..., or a corpus file): bytes;
//   - any output with a case in it, as fuzz targets and property tests print it: from the case's first line on.
// An input of a fuzz target is made the case that the target ran: on a real kernel nobody takes a gap before the break
// grows. Throws CouldNotRun with file and line.
enum class KernelOfCase { kReal, kSimulated };
harness::Case LoadCase(const std::filesystem::path& path, KernelOfCase kernel);

// Every *.case in a folder, by name. Throws CouldNotRun.
std::vector<harness::Case> LoadCorpus(const std::filesystem::path& folder);

}  // namespace breakproof::tools
