// Who watches a run operation by operation, beside the models: a fuzzer that wants to be guided.
#pragma once

#include <cstdint>

#include "harness/case/operation/operation.h"
#include "harness/case/operation/outcome.h"

namespace breakproof::harness {

struct Observation {
  const Operation& operation;
  const Outcome& outcome;
  std::uint64_t kernel_calls = 0;  // that the subject made, where known; else moves of the break
  std::uint64_t span_state = 0;    // a few bits of how the subject's memory is divided, where known
};

class OperationObserver {
 public:
  virtual ~OperationObserver() = default;
  virtual void CaseBegins() = 0;
  virtual void Saw(const Observation& observation) = 0;
};

}  // namespace breakproof::harness
