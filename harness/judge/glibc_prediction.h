// Runs the model of glibc's malloc in lock step with what a monitored worker recorded, and finds the first
// operation in which the two differ.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "harness/case/case.h"
#include "harness/case/operation/kernel_log.h"
#include "harness/case/operation/outcome.h"
#include "model/policy/glibc/predictor.h"

namespace breakproof::harness {

struct Difference {
  std::size_t operation = 0;  // index
  std::string expected;
  std::string actual;
  model::glibc::PolicyRule rule = model::glibc::PolicyRule::kP2;  // that predicted, or forbids, the call
};

struct Prediction {
  std::uint64_t operations = 0;  // predicted: all before the first difference, or before another thread's
  std::uint64_t predicted = 0;   // kernel calls
  std::uint64_t observed = 0;    // kernel calls, but for those of operations not predicted
  std::uint64_t differing = 0;   // 0 or 1: behind the first difference nothing is comparable
  bool is_aborted = false;       // glibc ended the process, as predicted
  std::uint64_t blocks = 0;      // whose address and usable size were predicted
  std::uint64_t on_other_threads = 0;  // operations from the first one on another thread on: not predicted (P34)
  std::optional<Difference> difference;
  model::glibc::PolicyExercised exercised{};
};

// Pure. The operation that the process ended in, if it did, has not reached Stage::kDone.
Prediction PredictGlibc(const Case& c, std::span<const Outcome> outcomes, std::span<const LogRecord> calls,
                        const model::glibc::Constants& constants);

// "mmap 135168 bytes"
std::string DescribeCall(const model::KernelCall& call);

}  // namespace breakproof::harness
