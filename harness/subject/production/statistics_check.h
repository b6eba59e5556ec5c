// The production allocator's statistics against the models' numbers (H10), and what it holds of the kernel against the
// bound that follows from what its callers did (H13).
#pragma once

#include <cstdint>
#include <memory_resource>
#include <vector>

#include "harness/case/operation/operation.h"
#include "harness/case/operation/outcome.h"
#include "harness/subject/production/production_heap.h"
#include "model/heap/heap.h"
#include "model/policy/own/footprint.h"
#include "model/policy/own/policy.h"
#include "model/policy/own/supply.h"

namespace breakproof::harness {

class StatisticsCheck {
 public:
  // All must outlive it. The model's books are made of `nodes`.
  StatisticsCheck(const ProductionHeap& heap, const model::own::Policy& policy, std::pmr::memory_resource* nodes)
      : heap_(heap), policy_(policy), nodes_(nodes) {}

  void CaseBegins();

  // ---- One operation, on the thread that the heap has switched to. `payload` and `alignment` are what is asked for.
  void Begin(std::uint64_t payload, std::uint64_t alignment);
  void BreakMoved(std::uint64_t from, std::uint64_t to, bool is_granted);
  // Every other call of the kernel, once the policy has judged it.
  void Called(const model::KernelCall& call, bool is_granted, std::uint64_t result);
  void BooksRefused() { supply_.BooksRefused(); }
  // Whatever the operation was; its thread may be ended afterwards.
  void End(const Operation& operation, const Outcome& outcome);
  // A thread begins, ends, or everything is freed: kernel calls without an operation lie between the two.
  void BeginOther() { supply_.Begin(); }
  void EndOther() { supply_.End(); }
  void ThreadEnds(std::uint64_t number) { footprint_.Sent(number); }

  // ---- What is wrong. Cheap: what the statistics count as it comes and goes, and H13.
  std::vector<model::Violation> CompareHeld(model::HeapModel& model) const;
  // A walk: what is free, and so what is in use. Only while the allocator's invariants hold.
  std::vector<model::Violation> CompareCounted(model::HeapModel& model);
  // After everything was freed, which the model was not told of.
  std::vector<model::Violation> CompareEmpty(model::HeapModel& model) const;

 private:
  void NoteShrinking(std::uint64_t before);
  // Calls visit(Figure) for what the statistics count as it comes and goes.
  template <typename Visit>
  void ForEachHeld(Visit visit) const;

  const ProductionHeap& heap_;
  const model::own::Policy& policy_;
  std::pmr::memory_resource* const nodes_;
  model::own::Supply supply_;
  model::own::Footprint footprint_{nodes_};
};

}  // namespace breakproof::harness
