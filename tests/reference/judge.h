// Judges one operation of the search: results by the heap model, the rest by what the modelled kernel saw.
#pragma once

#include <string>

#include "model/heap/heap.h"
#include "tests/reference/model_system.h"
#include "tests/reference/subject.h"

namespace breakproof::model::reference {

using SearchHeap = Heap<ModelSystem>;
using SearchReply = Allocator<ModelSystem>::Reply;

// One state of the search.
struct Node {
  SearchHeap heap;
  KernelState kernel;
  HeapModel model;
  std::uint64_t foreign = 0;  // bytes of break that others raised
};

struct Operation {
  HeapCall call;
  bool is_misuse = false;          // the address is no live block
  std::uint64_t foreign_move = 0;  // not a call but somebody else's sbrk
};

// Brings after.model up to date. "" if all is well, else rule, expected and actual.
std::string Judge(const Node& before, Node& after, const Operation& operation, const SearchReply& reply,
                  ModelSystem& system, const Policy& policy);

}  // namespace breakproof::model::reference
