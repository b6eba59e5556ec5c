#include "harness/subject/production/statistics_check.h"

#include "harness/case/operation/operation_table.h"

namespace breakproof::harness {

using model::Figure;
using model::KernelCallKind;
using model::Violation;

namespace {

Figure Exactly(const char* name, std::uint64_t expected, std::uint64_t actual) { return {name, expected, expected, actual}; }

Figure Within(const char* name, const model::own::Most& most, std::uint64_t actual) {
  return {name, most.at_least, most.at_most, actual};
}

}  // namespace

void StatisticsCheck::CaseBegins() {
  supply_ = model::own::Supply();
  footprint_ = model::own::Footprint(nodes_);
}

void StatisticsCheck::Begin(std::uint64_t payload, std::uint64_t alignment) { footprint_.Begin(payload, alignment); }

void StatisticsCheck::BreakMoved(std::uint64_t from, std::uint64_t to, bool is_granted) {
  if (is_granted && to > from) footprint_.Grew(false, policy_.thresholds().top_pad, supply_.regions());
  const std::uint64_t before = supply_.heap_bytes();
  supply_.MoveBreak(from, to, is_granted);
  NoteShrinking(before);
}

void StatisticsCheck::NoteShrinking(std::uint64_t before) {
  if (supply_.heap_bytes() < before) footprint_.Shrank(before - supply_.heap_bytes());
}

void StatisticsCheck::Called(const model::KernelCall& call, bool is_granted, std::uint64_t result) {
  const bool is_own = policy_.HasMade(result);
  const bool is_segment = call.kind == KernelCallKind::kMmap && is_granted && !is_own;
  if (is_segment) footprint_.Grew(true, policy_.thresholds().top_pad, supply_.regions());
  const std::uint64_t before = supply_.heap_bytes();
  supply_.Follow(call, is_granted, result, is_own);
  NoteShrinking(before);
}

void StatisticsCheck::End(const Operation& operation, const Outcome& outcome) {
  supply_.End();
  footprint_.Retailed(supply_.retailed());
  const std::uint64_t thread = heap_.ThreadNumber();
  if (operation.kind == OperationKind::kTrim) footprint_.Sent(thread);
  if (operation.kind != OperationKind::kCall || operation.entry == model::Entry::kUsableSize) return;
  const bool fails = AssignsSlot(operation.entry) && outcome.address == 0;
  const bool frees = !fails || (Reallocates(operation.entry) && (operation.size == 0 || operation.count == 0));
  const bool stays = outcome.address == outcome.argument;
  if (frees && !stays && outcome.argument != 0) footprint_.Freed(thread, outcome.argument);
  if (outcome.address != 0 && !policy_.IsMapped(outcome.address)) {
    footprint_.Allocated(heap_.OwnerOf(outcome.address), outcome.address, outcome.usable);
  }
}

template <typename Visit>
void StatisticsCheck::ForEachHeld(Visit visit) const {
  const HeldFigures held = heap_.Held();
  visit(Exactly("bytes of the break", supply_.break_bytes(), held.break_bytes));
  visit(Exactly("bytes of segments", supply_.segment_bytes(), held.segment_bytes));
  visit(Exactly("own mappings", supply_.mappings(), held.mappings));
  visit(Exactly("bytes of own mappings", supply_.mapping_bytes(), held.mapping_bytes));
  visit(Within("the most bytes of break and segments", supply_.most_heap_bytes(), held.most_heap_bytes));
  visit(Within("the most own mappings", supply_.most_mappings(), held.most_mappings));
  visit(Within("the most bytes of own mappings", supply_.most_mapping_bytes(), held.most_mapping_bytes));
}

std::vector<Violation> StatisticsCheck::CompareHeld(model::HeapModel& model) const {
  // After every operation, and hardly ever is one wrong: figures are not even put together before that is seen.
  bool is_right = true;
  ForEachHeld([&](const Figure& figure) {
    is_right &= figure.at_least <= figure.actual && figure.actual <= figure.at_most;
  });
  std::vector<Violation> found = model.CompareStatistics({});
  if (!is_right) {
    ForEachHeld([&](const Figure& figure) {
      if (found.empty()) found = model.CompareStatistics({figure});
    });
  }
  if (!found.empty()) return found;
  return model.CheckFootprint({supply_.heap_bytes(), footprint_.bound()});
}

// All that the kernel gave is with callers, free, on its way home to a thread, or behind the last block of a slab.
std::vector<Violation> StatisticsCheck::CompareCounted(model::HeapModel& model) {
  const CountedFigures counted = heap_.Counted();
  const std::uint64_t end = supply_.break_end();
  std::uint64_t live = 0, highest = 0;  // of the blocks below the break
  for (const auto& [address, block] : model.blocks()) {
    if (policy_.IsMapped(address)) continue;
    live += block.usable;
    if (address < end) highest = address + block.usable;
  }
  const std::uint64_t elsewhere = live + counted.on_the_way + counted.tails;
  return model.CompareStatistics({
      Exactly("bytes in use", elsewhere, counted.used),
      Exactly("free bytes", supply_.heap_bytes() - elsewhere, counted.free),
      {"bytes free below the break", 0, end - highest, counted.top},
      {"bytes freed by other threads than their owners", footprint_.batched_bytes(), UINT64_MAX, counted.on_the_way},
  });
}

std::vector<Violation> StatisticsCheck::CompareEmpty(model::HeapModel& model) const {
  return model.CompareStatistics({
      Exactly("bytes of the break", supply_.break_bytes(), heap_.Held().break_bytes),
      Exactly("bytes of segments", supply_.segment_bytes(), heap_.Held().segment_bytes),
      Exactly("own mappings after everything was freed", 0, heap_.Held().mappings),
      Exactly("bytes in use after everything was freed", 0, heap_.Counted().used),
      Exactly("free bytes", supply_.heap_bytes(), heap_.Counted().free),
  });
}

}  // namespace breakproof::harness
