// Short stories in which allocators fail, each after a class of defects that dominates in practice.
//
// A scenario appends to a case that may already hold live blocks and threads, and may leave some behind.
#pragma once

#include <span>

#include "harness/search/generate/case_builder.h"

namespace breakproof::harness {

struct Scenario {
  const char* name;
  unsigned weight;  // how often, relative to the others
  void (*append)(CaseBuilder& builder);
};

std::span<const Scenario> Scenarios();

// A handful of calls, the kind a process or thread may begin with.
void AppendFirstCalls(CaseBuilder& builder);

}  // namespace breakproof::harness
