// Files that survive: written whole, synced, and never half there under their final name.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace breakproof::harness {

// Throws CouldNotRun.
std::string ReadWholeFile(const std::filesystem::path& path);

// Writes to a temporary name, syncs, renames, syncs the folder. Throws CouldNotRun; nothing then remains
// under `path` that was not there before.
void WriteDurably(const std::filesystem::path& path, std::string_view content);

// Makes a folder and its parents. Throws CouldNotRun.
void MakeFolder(const std::filesystem::path& path);

// "No space left on device", with what a person can do about it where we know.
std::string ExplainErrno(int error);

}  // namespace breakproof::harness
