// The heap model in lock step with a subject that is driven operation by operation.
#pragma once

#include <memory>
#include <memory_resource>

#include "harness/judge/judge.h"

namespace breakproof::harness {

// Judge (judge.h) is this over outcomes that are already complete.
class LockStep {
 public:
  // All must outlive it. `run` is looked at when an operation did not come to an end, and by Finish. The model's books
  // are made of `nodes`.
  LockStep(const Case& c, const RunResult& run, const SubjectFacts& facts,
           std::pmr::memory_resource* nodes = std::pmr::get_default_resource());
  ~LockStep();
  LockStep(const LockStep&) = delete;
  LockStep& operator=(const LockStep&) = delete;

  // The next operation, with what was seen of it. Must not be called once is_over().
  void Step(const Outcome& outcome);
  // A violation after which nothing that follows is evidence.
  bool is_over() const;

  // The model as it is after the last step: for checks that compare more with it than results.
  model::HeapModel& heap();
  // What such a check found, as a violation of the last operation.
  void Add(model::Violation violation);
  // The same of the operation that Step takes next.
  void AddToNext(model::Violation violation);

  Judgement Finish();

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace breakproof::harness
