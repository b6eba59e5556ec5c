#include "bench/measure/process/instruction_counter.h"

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench/measure/metric.h"

namespace breakproof::bench {

InstructionCounter::InstructionCounter(pid_t process) {
  perf_event_attr attributes = {};
  attributes.size = sizeof attributes;
  attributes.type = PERF_TYPE_HARDWARE;
  attributes.config = PERF_COUNT_HW_INSTRUCTIONS;
  attributes.disabled = 1;
  attributes.enable_on_exec = 1;
  attributes.inherit = 1;
  attributes.exclude_kernel = 1;
  attributes.exclude_hv = 1;
  attributes.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
  descriptor_ = static_cast<int>(syscall(SYS_perf_event_open, &attributes, process, -1, -1, PERF_FLAG_FD_CLOEXEC));
}

InstructionCounter::~InstructionCounter() {
  if (descriptor_ >= 0) close(descriptor_);
}

double InstructionCounter::Count() const {
  struct {
    std::uint64_t count, enabled, running;
  } values;
  if (descriptor_ < 0 || read(descriptor_, &values, sizeof values) != sizeof values) return kNotMeasured;
  // A counter that had to make room for others would be an estimate.
  if (values.running == 0 || values.running != values.enabled) return kNotMeasured;
  return static_cast<double>(values.count);
}

}  // namespace breakproof::bench
