// Laws of the malloc family on the production allocator: a case, and the same case rewritten, end alike.
//
// Both are judged by all models as well. Operations are drawn as the fuzzer's mutations draw them.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <numeric>

#include "fuzz/mutator/any_operation.h"
#include "harness/case/case_text.h"
#include "harness/search/generate/random.h"
#include "harness/subject/production/production_heap.h"
#include "harness/subject/production/simulated_run.h"

namespace breakproof::harness {
namespace {

// The same draws everywhere, unless the caller names a seed.
const int kSeeded = setenv("RC_PARAMS", "seed=1", 0);

using model::Entry;
using Draw = std::uint64_t;

// What each operation returned, and what the allocator asked of the kernel for it.
struct Seen : OperationObserver {
  struct One {
    std::uint64_t address, usable, kernel_calls;
    int status;
    bool operator==(const One&) const = default;
  };
  std::vector<One> all;
  void CaseBegins() override { all.clear(); }
  void Saw(const Observation& o) override {
    all.push_back({o.outcome.address, o.outcome.usable, o.kernel_calls, o.outcome.status});
  }
};

SimulatedRun& TheRun() {
  static SimulatedRun run;
  return run;
}

std::vector<Seen::One> Play(const Case& c) {
  Seen seen;
  TheRun().Observe(&seen);
  const Judgement judgement = TheRun().Run(c).judgement;
  TheRun().Observe(nullptr);
  if (!judgement.violations.empty()) {
    const CaseViolation& first = judgement.violations.front();
    RC_LOG() << PrintCase(c) << model::TextOf(first.what.rule).id << " broken by operation " << first.operation + 1 << ": "
             << first.what.expected << "; " << first.what.actual << "\n";
    RC_FAIL("a rule is broken");
  }
  return seen.all;
}

bool MayConcernUnmapping(int call_type) {
  return call_type == static_cast<int>(CallType::kMunmap) || call_type == kCallTypes;
}

void AddRefusal(const Refusal& refusal, Case* c) {
  if (!refusal.any_type && !MayConcernUnmapping(static_cast<int>(refusal.type))) c->environment.refusals.push_back(refusal);
}

// An operation a draw, so that what shrinks away are operations. Few slots, so that they meet; now and then a kernel
// that refuses something.
Case CaseOf(const std::vector<Draw>& draws) {
  Case c;
  for (const Draw draw : draws) {
    Random random(draw);
    if (random.OneIn(60)) AddRefusal(fuzz::AnyRefusal(random), &c);
    Operation operation = fuzz::AnyOperation(c, c.operations.size(), random);
    // A mapping that the kernel never takes back stays in the books: H12 would say so of any case.
    if (operation.kind == OperationKind::kRefuse && MayConcernUnmapping(operation.call_type)) operation.call_type = 0;
    if (operation.result != kNullSlot) operation.result %= 12;
    if (operation.argument != kNullSlot) operation.argument %= 12;
    c.operations.push_back(operation);
  }
  NameSlots(&c);
  return c;
}

Case WithoutRefusals(Case c) {
  c.environment = {};
  std::erase_if(c.operations, [](const Operation& o) { return o.kind == OperationKind::kRefuse; });
  return c;
}

// ---- Laws that rewrite one operation into an equal one: everything seen stays the same.

struct Law {
  const char* name;
  // Another form of the operation, or false.
  bool (*rewrite)(Operation& o);
};

bool IsCall(const Operation& o, Entry entry) { return o.kind == OperationKind::kCall && o.entry == entry; }

const Law kLaws[] = {
    {"malloc(n) is realloc(NULL, n)",
     [](Operation& o) {
       if (!IsCall(o, Entry::kMalloc)) return false;
       o.entry = Entry::kRealloc;
       return true;
     }},
    {"realloc(p, n) is reallocarray(p, 1, n)",
     [](Operation& o) {
       if (!IsCall(o, Entry::kRealloc)) return false;
       o.entry = Entry::kReallocarray;
       return true;
     }},
    {"reallocarray(p, c, n) is reallocarray(p, n, c)",
     [](Operation& o) {
       if (!IsCall(o, Entry::kReallocarray)) return false;
       std::swap(o.count, o.size);
       return true;
     }},
    {"calloc(c, n) is calloc(n, c)",
     [](Operation& o) {
       if (!IsCall(o, Entry::kCalloc)) return false;
       std::swap(o.count, o.size);
       return true;
     }},
    {"malloc(n) is memalign(1, n)",
     [](Operation& o) {
       if (!IsCall(o, Entry::kMalloc)) return false;
       o.entry = Entry::kMemalign;
       o.alignment = 1;
       return true;
     }},
    {"memalign is aligned_alloc",
     [](Operation& o) {
       if (!IsCall(o, Entry::kMemalign)) return false;
       o.entry = Entry::kAlignedAlloc;
       return true;
     }},
    {"valloc(n) is memalign(page, n)",
     [](Operation& o) {
       if (!IsCall(o, Entry::kValloc)) return false;
       o.entry = Entry::kMemalign;
       o.alignment = 4096;
       return true;
     }},
    {"pvalloc(n) is valloc(n, rounded up to pages)",
     [](Operation& o) {
       if (!IsCall(o, Entry::kPvalloc) || o.size > PTRDIFF_MAX - 4096) return false;
       o.entry = Entry::kValloc;
       o.size = (o.size + 4095) / 4096 * 4096;
       return true;
     }},
    {"operator new for an array is that for an object",
     [](Operation& o) {
       if (o.kind != OperationKind::kCall || !model::Has(o.entry, model::NewTrait::kArray)) return false;
       o.entry = static_cast<Entry>(static_cast<int>(o.entry) - static_cast<int>(model::NewTrait::kArray));
       return true;
     }},
    {"where nothing throws, operator new is its nothrow form",
     [](Operation& o) {
       if (o.kind != OperationKind::kCall || !model::Throws(o.entry)) return false;
       o.entry = model::WithoutThrowing(o.entry);
       return true;
     }},
    {"operator delete with a size, or a tag, is that without",
     [](Operation& o) {
       if (o.kind != OperationKind::kCall || !model::IsDelete(o.entry) || o.entry == Entry::kDelete) return false;
       o.entry = Entry::kDelete;
       return true;
     }},
    {"a sized free is free",
     [](Operation& o) {
       if (o.kind != OperationKind::kCall || o.entry == Entry::kFree || !model::Frees(o.entry)) return false;
       o.entry = Entry::kFree;
       return true;
     }},
};

TEST(AlgebraTest, EqualOperationsAreEqual) {
  for (const Law& law : kLaws) {
    EXPECT_TRUE(rc::check(law.name, [&](const std::vector<Draw>& draws) {
      const Case c = CaseOf(draws);
      Case rewritten = c;
      bool any = false;
      for (Operation& operation : rewritten.operations) any |= law.rewrite(operation);
      RC_CLASSIFY(any, "rewritten");
      const std::vector<Seen::One> one = Play(c), other = Play(rewritten);
      if (one != other) RC_LOG() << PrintCase(c) << "rewritten\n" << PrintCase(rewritten);
      RC_ASSERT(one == other);
    }));
  }
}

// calloc is malloc and zeroes: the same blocks. That they are zero is rule H5.
TEST(AlgebraTest, CallocIsMallocAndZeroes) {
  EXPECT_TRUE(rc::check("calloc(c, n) is malloc(c * n), then zeroes", [](const std::vector<Draw>& draws) {
    const Case c = CaseOf(draws);
    Case rewritten = c;
    for (Operation& o : rewritten.operations) {
      std::uint64_t bytes;
      if (!IsCall(o, Entry::kCalloc)) continue;
      if (__builtin_mul_overflow(o.count, o.size, &bytes)) bytes = SIZE_MAX;
      o.entry = Entry::kMalloc;
      o.count = 1;
      o.size = bytes;
    }
    RC_ASSERT(Play(c) == Play(rewritten));
  }));
}

// What does nothing changes nothing: inserted anywhere, everything else is as it was.
TEST(AlgebraTest, WhatDoesNothingChangesNothing) {
  struct Neutral {
    const char* name;
    Operation operation;
  };
  const Neutral kNeutral[] = {
      {"free(NULL)", {.entry = Entry::kFree}},
      {"malloc_usable_size", {.entry = Entry::kUsableSize, .argument = 3}},
      {"touch", {.kind = OperationKind::kTouch, .argument = 3, .size = 5000, .count = 1}},
      {"check", {.kind = OperationKind::kCheck}},
      {"a request that is too large", {.entry = Entry::kMalloc, .size = SIZE_MAX - 100}},
      {"a product that wraps", {.entry = Entry::kCalloc, .size = SIZE_MAX / 2, .count = 3}},
  };
  for (const Neutral& neutral : kNeutral) {
    EXPECT_TRUE(rc::check(neutral.name, [&](const std::vector<Draw>& draws, std::uint16_t where) {
      const Case c = WithoutRefusals(CaseOf(draws));  // a thread that was refused its heap asks again at any operation
      const std::size_t at = c.operations.empty() ? 0 : where % (c.operations.size() + 1);
      Case longer = c;
      Operation inserted = neutral.operation;
      // On a thread that is there: one that begins takes memory for itself.
      const bool is_there = at > 0 && c.operations[at - 1].kind != OperationKind::kThreadExit;
      RC_PRE(is_there);
      inserted.thread = c.operations[at - 1].thread;
      longer.operations.insert(longer.operations.begin() + static_cast<std::ptrdiff_t>(at), inserted);
      NameSlots(&longer);
      std::vector<Seen::One> other = Play(longer);
      other.erase(other.begin() + static_cast<std::ptrdiff_t>(at));
      RC_ASSERT(Play(c) == other);
    }));
  }
}

// Neither way of making a block may meet the end of memory: the one needs the old and the new at once, the other not.
void KeepSmall(Case* c) {
  constexpr std::uint64_t kMost = 64 << 20;
  for (Operation& operation : c->operations) {
    if (operation.size <= PTRDIFF_MAX) operation.size %= kMost;
    operation.count %= 4;
    if (operation.alignment <= PTRDIFF_MAX) operation.alignment %= kMost;
  }
}

// realloc is allocate, copy, free: the same requests are served, the same slots hold a block. Where the kernel refuses
// nothing, since in place less is needed.
TEST(AlgebraTest, ReallocIsAllocateCopyFree) {
  EXPECT_TRUE(rc::check("realloc(p, n) is q = malloc(n), copy, free(p)", [](const std::vector<Draw>& draws) {
    Case c = CaseOf(draws);
    KeepSmall(&c);
    c.environment = {};
    std::erase_if(c.operations, [](const Operation& o) { return o.kind == OperationKind::kRefuse; });
    Case rewritten = c;
    rewritten.operations.clear();
    std::vector<std::size_t> allocates;  // in the rewritten case, for each operation of the other
    for (const Operation& o : c.operations) {
      allocates.push_back(rewritten.operations.size());
      // realloc to nothing frees, and one of NULL is malloc already; a slot that is reused would name the new block.
      const bool moves = IsCall(o, Entry::kRealloc) && o.size != 0 && o.argument != kNullSlot && o.result == o.argument;
      if (!moves || o.size > PTRDIFF_MAX) {
        rewritten.operations.push_back(o);
        continue;
      }
      const Slot spare = 12;
      Operation malloc = o, free = o, rename = o;
      malloc.entry = Entry::kMalloc;
      malloc.argument = kNullSlot;
      malloc.result = spare;
      free.entry = Entry::kFree;
      free.result = kNullSlot;
      free.size = 0;
      rename.argument = spare;  // the block goes over to the slot it had
      rewritten.operations.insert(rewritten.operations.end(), {malloc, free, rename});
    }
    NameSlots(&rewritten);
    const std::vector<Seen::One> one = Play(c), other = Play(rewritten);
    for (std::size_t i = 0; i < one.size(); ++i) {
      RC_ASSERT((one[i].address != 0) == (other[allocates[i]].address != 0));
    }
  }));
}

// ---- Order of frees, and trimming

TEST(AlgebraTest, TrimmingIsIdempotent) {
  EXPECT_TRUE(rc::check("what was trimmed has nothing left to trim", [](const std::vector<Draw>& draws) {
    Case c = CaseOf(draws);
    const Operation trim = {.kind = OperationKind::kTrim};
    c.operations.insert(c.operations.end(), {trim, trim});
    c.environment = {};
    std::erase_if(c.operations, [](const Operation& o) { return o.kind == OperationKind::kRefuse; });
    const std::vector<Seen::One> seen = Play(c);
    RC_LOG() << PrintCase(c) << seen.back().kernel_calls << " kernel calls, returned " << seen.back().status << "\n";
    RC_ASSERT(seen.back().status == 0);
    RC_ASSERT(seen.back().kernel_calls == 0u);
  }));
}

// The footprint after the operation with this index.
struct FootprintAt : OperationObserver {
  explicit FootprintAt(std::size_t at) : at_(at) {}
  void CaseBegins() override { seen_ = 0; }
  void Saw(const Observation&) override {
    if (seen_++ == at_) held = TheRun().heap().HeldBytes();
  }
  std::uint64_t held = 0;  // bytes

 private:
  std::size_t at_;
  std::size_t seen_ = 0;
};

std::vector<Operation> Mallocs(const std::vector<std::uint64_t>& sizes, std::uint8_t thread) {
  std::vector<Operation> operations;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    operations.push_back({.thread = thread, .result = static_cast<Slot>(i), .size = sizes[i]});
  }
  return operations;
}

// All made, all freed in some order, the thread ends; the same again needs no more than the first time.
TEST(AlgebraTest, TheOrderOfFreesIsIrrelevantToWhatCanBeReused) {
  EXPECT_TRUE(rc::check("frees in any order", [](const std::vector<std::uint32_t>& draws, std::uint64_t seed) {
    std::vector<std::uint64_t> sizes;
    for (const std::uint32_t draw : draws) sizes.push_back(draw % 5 == 0 ? draw % 200000 : draw % 3000);
    Case c;
    c.operations = Mallocs(sizes, 1);
    std::vector<Slot> order(sizes.size());
    std::iota(order.begin(), order.end(), Slot{0});
    Random random(seed);
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.Below(i)]);
    for (const Slot slot : order) c.operations.push_back({.entry = Entry::kFree, .thread = 1, .argument = slot});
    c.operations.push_back({.kind = OperationKind::kThreadExit, .thread = 1});
    const std::vector<Operation> again = Mallocs(sizes, 1);
    c.operations.insert(c.operations.end(), again.begin(), again.end());
    NameSlots(&c);
    const auto footprint_at = [&](std::size_t index) {
      FootprintAt observer(index);
      TheRun().Observe(&observer);
      RC_ASSERT(TheRun().Run(c).judgement.violations.empty());
      TheRun().Observe(nullptr);
      return observer.held;
    };
    RC_PRE(!sizes.empty());
    const std::uint64_t first = footprint_at(sizes.size() - 1), second = footprint_at(c.operations.size() - 1);
    RC_LOG() << PrintCase(c) << first << " bytes held at first, then " << second << "\n";
    // Beyond it by a wholesale unit at most: trimmed in between, the heap buys anew. Where there were mappings the
    // threshold has risen since, and the heap serves instead.
    RC_ASSERT(second <= first + (std::uint64_t{256} << 10));
  }));
}

}  // namespace
}  // namespace breakproof::harness
