// The resident memory of another process over time.
#pragma once

#include <sys/types.h>

#include <chrono>

namespace breakproof::bench {

class ResidentSampler {
 public:
  explicit ResidentSampler(pid_t process);
  ~ResidentSampler();
  ResidentSampler(const ResidentSampler&) = delete;
  ResidentSampler& operator=(const ResidentSampler&) = delete;

  // Takes a sample; a process that has ended has none.
  void Sample();

  // Bytes: the mean over time between the first sample and the last; the largest sample. NaN without a sample.
  double Average() const;
  double Peak() const;

 private:
  int descriptor_;
  std::chrono::steady_clock::time_point last_time_;
  double last_ = 0;
  double weighted_ = 0;
  double seconds_ = 0;
  double peak_ = 0;
};

}  // namespace breakproof::bench
