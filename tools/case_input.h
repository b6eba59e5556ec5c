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
// Throws CouldNotRun with file and line.
harness::Case LoadCase(const std::filesystem::path& path);

// Every *.case in a folder, by name. Throws CouldNotRun.
std::vector<harness::Case> LoadCorpus(const std::filesystem::path& folder);

}  // namespace breakproof::tools
