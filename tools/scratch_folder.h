// A folder of its own for a command's temporary files.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "harness/support/could_not_run.h"

namespace breakproof::tools {

// In TMPDIR; gone with everything in it when the command ends.
class ScratchFolder {
 public:
  ScratchFolder() {
    const std::filesystem::path parent = std::filesystem::temp_directory_path();
    std::string name = (parent / "breakproof-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) {
      throw harness::CouldNotRun("cannot make a folder in " + parent.string() +
                                 "; set TMPDIR to one you can write to");
    }
    path_ = name;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace breakproof::tools
