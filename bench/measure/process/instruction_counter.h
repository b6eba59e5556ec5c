// The processor's own count of instructions, where the kernel and the machine give it.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace breakproof::bench {

// Counts what a process and its threads execute in user space, from its next exec on.
class InstructionCounter {
 public:
  explicit InstructionCounter(pid_t process);
  ~InstructionCounter();
  InstructionCounter(const InstructionCounter&) = delete;
  InstructionCounter& operator=(const InstructionCounter&) = delete;

  // After the process ended; NaN if this machine does not count or the counter was shared.
  double Count() const;

 private:
  int descriptor_;
};

}  // namespace breakproof::bench
