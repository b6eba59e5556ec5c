#include "bench/measure/machine.h"

#include <gnu/libc-version.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <fstream>

namespace breakproof::bench {

namespace {

std::string Processor() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

// "always [madvise] never" says madvise.
std::string HugePages() {
  std::ifstream file("/sys/kernel/mm/transparent_hugepage/enabled");
  std::string line;
  std::getline(file, line);
  const std::size_t open = line.find('['), close = line.find(']');
  if (open == std::string::npos || close == std::string::npos) return "unknown";
  return line.substr(open + 1, close - open - 1);
}

std::string Now() {
  const std::time_t now = std::time(nullptr);
  std::tm utc;
  gmtime_r(&now, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

}  // namespace

Machine ThisMachine() {
  Machine machine;
  machine.date = Now();
  machine.processor = Processor();
  machine.processors = static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
  utsname names;
  if (uname(&names) == 0) machine.kernel = std::string(names.sysname) + " " + names.release;
  machine.libc = std::string("glibc ") + gnu_get_libc_version();
  machine.huge_pages = HugePages();
  double load = 0;
  if (getloadavg(&load, 1) == 1) machine.load_before = load;
  return machine;
}

}  // namespace breakproof::bench
