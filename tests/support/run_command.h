// Runs a program from a test and keeps what it prints.
#pragma once

#include <string>
#include <vector>

namespace breakproof::tests {

struct CommandResult {
  int exit_code = -1;  // -1: killed by a signal
  std::string out;
  std::string err;
};

// The environment is the test's; standard input is empty. `before_exec` runs in the child.
CommandResult RunCommand(const std::vector<std::string>& arguments, void (*before_exec)() = nullptr);

// A fresh folder under TEST_TMPDIR.
std::string FreshFolder(const std::string& name);

}  // namespace breakproof::tests
