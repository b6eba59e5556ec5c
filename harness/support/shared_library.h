// Whether a file can be preloaded.
#pragma once

#include <filesystem>

namespace breakproof::harness {

// Says at once what the dynamic linker would only grumble about and then ignore: throws CouldNotRun unless the path
// is a shared library for x86-64 that LD_PRELOAD can name.
void RequireSharedLibrary(const std::filesystem::path& path);

}  // namespace breakproof::harness
