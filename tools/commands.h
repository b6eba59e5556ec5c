// The commands of `breakproof`. Each adds its flags to the command line and returns what runs it.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace breakproof::tools {

// Runs the command after parsing; returns the exit code. Throws harness::CouldNotRun.
using Command = std::function<int()>;

Command AddCheck(CLI::App& command);
Command AddReplay(CLI::App& command);
Command AddMinimize(CLI::App& command);
Command AddEmit(CLI::App& command);
Command AddReport(CLI::App& command);
Command AddRecord(CLI::App& command);

}  // namespace breakproof::tools
