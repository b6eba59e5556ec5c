// What every command of `breakproof` has in common.
#pragma once

#include <atomic>
#include <filesystem>
#include <string>
#include <string_view>

#include "harness/worker/outside/case_runner.h"

namespace breakproof::tools {

// Exit codes. 1 and 2 are Bazel's own when run by `bazel run`.
inline constexpr int kHeld = 0;
inline constexpr int kViolations = 10;
inline constexpr int kCouldNotRun = 11;
inline constexpr int kInterrupted = 130;  // Ctrl-C before anything was found

inline constexpr std::string_view kVersion = "0.1.0";

// Set by SIGINT and SIGTERM once InstallStopHandler was called.
extern std::atomic<bool> stop_requested;
void InstallStopHandler();

// Under `bazel run` the working directory is Bazel's: a relative path is meant relative to the caller's.
std::filesystem::path FromCaller(const std::filesystem::path& path);

// A file or folder that belongs to this program, by its path in the workspace. Throws CouldNotRun.
std::filesystem::path Resource(const std::string& workspace_path);

// `library` empty: the system's malloc. The folder is made, and locked against other runs until the
// process ends; journals that a killed run left in it become cases. Throws CouldNotRun.
harness::RunSettings PrepareRun(const std::string& library, const std::filesystem::path& folder);

}  // namespace breakproof::tools
