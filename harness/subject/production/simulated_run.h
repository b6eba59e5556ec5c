// The production allocator on the simulated kernel, in lock step with the models.
//
// Its own object code, its threads as logical threads on this one, every kernel call decided by the kernel
// model and judged by the policy model, its books compared with the heap model, its invariants walked.
#pragma once

#include <memory>
#include <vector>

#include "harness/case/case.h"
#include "harness/kernel/simulated/simulated_kernel.h"
#include "harness/judge/judge.h"
#include "harness/subject/observer.h"
#include "harness/subject/production/environment.h"

namespace breakproof::harness {

class ProductionHeap;

struct SimulatedRunResult {
  Judgement judgement;              // the heap model's, and what is below, as violations of operations
  std::uint64_t kernel_calls = 0;   // of the allocator
  std::uint64_t refused = 0;        // of them
  std::uint64_t refusable = 0;      // those, and the calls for its own books: what `any@k` counts
};

class ProductionHeap;

// Looks on while a case is run.
class RunObserver {
 public:
  virtual ~RunObserver() = default;
  virtual void Begin(std::uint32_t index) = 0;
  // It came to an end, and broke these rules of policy and kernel. The heap model's rules are judged afterwards.
  virtual void End(std::uint32_t index, const Outcome& outcome, const std::vector<model::Violation>& found,
                   const SimulatedKernel& kernel, ProductionHeap& heap) = 0;
};

// A crash or an endless loop of the allocator.
enum class Crashes {
  kEndTheProcess,  // for sanitizers and fuzzing engines, which report it themselves
  kAreViolations,  // of H0, H1 or H11, by what was going on (crash_guard.h)
};

// Where the kernel puts mappings.
enum class Mappings {
  kApart,   // with a free page on either side, so that whoever overruns one is stopped
  kPacked,  // beside each other, as Linux does it
};

class SimulatedRun {
 public:
  explicit SimulatedRun(Crashes crashes = Crashes::kEndTheProcess, Mappings mappings = Mappings::kApart);
  ~SimulatedRun();
  SimulatedRun(const SimulatedRun&) = delete;
  SimulatedRun& operator=(const SimulatedRun&) = delete;

  // A fresh heap on a fresh kernel. Not thread-safe: one at a time in a process.
  SimulatedRunResult Run(const Case& c, const Environment& environment, RunObserver* watcher = nullptr);
  // With the case's own.
  SimulatedRunResult Run(const Case& c) { return Run(c, c.environment); }

  // Is told of every operation from now on; nullptr: nobody.
  void Observe(OperationObserver* observer);
  // As the last operation left it.
  const ProductionHeap& heap() const;

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace breakproof::harness
