#include "bench/measure/process/resident.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "bench/measure/metric.h"

namespace breakproof::bench {

ResidentSampler::ResidentSampler(pid_t process)
    : descriptor_(open(("/proc/" + std::to_string(process) + "/statm").c_str(), O_RDONLY | O_CLOEXEC)) {
  Sample();
}

ResidentSampler::~ResidentSampler() {
  if (descriptor_ >= 0) close(descriptor_);
}

void ResidentSampler::Sample() {
  char text[128];
  const ssize_t length = pread(descriptor_, text, sizeof text - 1, 0);
  if (length <= 0) return;
  text[length] = '\0';
  char* rest = nullptr;
  std::strtoull(text, &rest, 10);  // the first number is the size of the address space
  const double resident = static_cast<double>(std::strtoull(rest, nullptr, 10)) * static_cast<double>(sysconf(_SC_PAGESIZE));
  if (resident == 0) return;  // exiting
  const auto now = std::chrono::steady_clock::now();
  if (last_ != 0) {
    const double passed = std::chrono::duration<double>(now - last_time_).count();
    weighted_ += passed * (last_ + resident) / 2;
    seconds_ += passed;
  }
  last_ = resident;
  last_time_ = now;
  peak_ = std::max(peak_, resident);
}

double ResidentSampler::Average() const {
  if (last_ == 0) return kNotMeasured;
  return seconds_ == 0 ? last_ : weighted_ / seconds_;
}

double ResidentSampler::Peak() const { return last_ == 0 ? kNotMeasured : peak_; }

}  // namespace breakproof::bench
