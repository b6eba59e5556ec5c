// Where the figures come from.
#pragma once

#include <string>

namespace breakproof::bench {

struct Machine {
  std::string date;        // UTC, as in 2026-01-31T12:00:00Z
  std::string processor;
  int processors = 0;      // online
  std::string kernel;
  std::string libc;
  std::string huge_pages;  // the kernel's setting for transparent huge pages
  double load_before = 0;  // load average of the last minute
};

Machine ThisMachine();

}  // namespace breakproof::bench
