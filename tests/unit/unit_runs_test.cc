// Sets of units against the same, unit by unit.
#include "allocator/heap/unit_runs.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <vector>

namespace breakproof::allocator {
namespace {

using Plain = std::vector<bool>;  // of kUnits

// Runs of any length, so that long ones are as likely as short ones.
Plain AnyPlain() {
  Plain plain;
  bool is_in = *rc::gen::arbitrary<bool>();
  while (plain.size() < UnitSet::kUnits) {
    const auto length = *rc::gen::inRange<std::size_t>(1, *rc::gen::element(3, 20, 70, 257));
    plain.resize(std::min<std::size_t>(UnitSet::kUnits, plain.size() + length), is_in);
    is_in = !is_in;
  }
  return plain;
}

UnitSet SetOf(const Plain& plain) {
  UnitSet set{};
  for (std::size_t unit = 0; unit < UnitSet::kUnits; ++unit) {
    if (plain[unit]) set.Add(unit, 1);
  }
  return set;
}

std::uint64_t RunFrom(const Plain& plain, std::size_t unit) {
  std::uint64_t length = 0;
  while (unit + length < UnitSet::kUnits && plain[unit + length]) ++length;
  return length;
}

RC_GTEST_PROP(UnitRuns, RunsBeginWhereThereIsRoom, ()) {
  const Plain plain = AnyPlain();
  const UnitSet set = SetOf(plain);
  const auto length = *rc::gen::inRange<std::uint64_t>(1, UnitSet::kUnits);
  const UnitSet starts = set.RunsOf(length);
  for (std::size_t unit = 0; unit < UnitSet::kUnits; ++unit) {
    RC_ASSERT(set.Has(unit) == plain[unit]);
    RC_ASSERT(starts.Has(unit) == (RunFrom(plain, unit) >= length));
  }
}

RC_GTEST_PROP(UnitRuns, TheLongestRunAndTheOneAroundAUnit, ()) {
  const Plain plain = AnyPlain();
  const UnitSet set = SetOf(plain);
  if (set.IsEmpty()) return;
  std::uint64_t longest = 0, start = 0;
  for (std::size_t unit = 0; unit < UnitSet::kUnits; ++unit) {
    longest = std::max(longest, RunFrom(plain, unit));
    if (unit == 0 || !plain[unit - 1]) start = unit;
    if (!plain[unit]) continue;
    const auto count = *rc::gen::inRange<std::uint64_t>(1, RunFrom(plain, unit) + 1);
    RC_ASSERT(set.RunAround(unit, count) == RunFrom(plain, start));
  }
  RC_ASSERT(set.LongestRunStep() == UnitSet::RunStep(longest));
  RC_ASSERT(plain[set.First()]);
}

RC_GTEST_PROP(UnitRuns, WhatGoesInAndOut, ()) {
  Plain plain = AnyPlain();
  UnitSet set = SetOf(plain);
  const auto first = *rc::gen::inRange<std::uint64_t>(0, UnitSet::kUnits);
  const auto count = *rc::gen::inRange<std::uint64_t>(0, UnitSet::kUnits - first + 1);
  const bool goes_in = *rc::gen::arbitrary<bool>();
  goes_in ? set.Add(first, count) : set.Remove(first, count);
  for (std::uint64_t unit = first; unit < first + count; ++unit) plain[unit] = goes_in;
  for (std::size_t unit = 0; unit < UnitSet::kUnits; ++unit) RC_ASSERT(set.Has(unit) == plain[unit]);
}

}  // namespace
}  // namespace breakproof::allocator
