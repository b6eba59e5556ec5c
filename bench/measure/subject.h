// The allocators that are compared.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace breakproof::bench {

struct Subject {
  std::string name;
  std::filesystem::path library;  // to preload; empty: the system's malloc
  bool is_debian_peer = false;    // from a package that may be missing or broken
};

inline constexpr const char* kOurName = "breakproof";
inline constexpr const char* kSystemName = "glibc";

struct Subjects {
  std::vector<Subject> present;      // ours first, the system's second
  std::vector<std::string> missing;  // a sentence for each that is not installed
};

// Ours, the system's, the peers that setup.sh installs, then `libraries`, each named after its file.
// Throws CouldNotRun if one of `libraries` cannot be preloaded.
Subjects FindSubjects(const std::filesystem::path& ours, const std::vector<std::filesystem::path>& libraries);

// Keeps those named and the system's malloc, to which all are compared. Throws CouldNotRun for a name that is none of
// theirs.
void KeepOnly(const std::vector<std::string>& names, Subjects* subjects);

}  // namespace breakproof::bench
