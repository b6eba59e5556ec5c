// The fuzzer's mutations: within their limits, always the same, lossless as bytes, and each does something.
#include "fuzz/mutator/mutate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "fuzz/mutator/any_operation.h"
#include "fuzz/mutator/case_bytes.h"
#include "harness/case/case_binary.h"
#include "harness/case/case_text.h"
#include "harness/search/generate/generator.h"

namespace breakproof::fuzz {
namespace {

using namespace harness;

Case Decode(const Bytes& bytes) { return DecodeCase(bytes.data(), bytes.size()); }

Bytes Seed(std::uint64_t n) {
  Case c = GenerateCase(1, n, kAllEntries);
  c.operations.resize(std::min<std::size_t>(c.operations.size(), 60));
  return EncodeCase(c);
}

TEST(MutatorTest, EveryMutationKeepsTheLimitAndYieldsACaseThatHasBytesAndText) {
  constexpr std::size_t kMost = 80;
  for (const Mutation& mutation : Mutations()) {
    int changed = 0;
    for (std::uint64_t n = 0; n < 200; ++n) {
      Random random(n);
      Case c = Decode(Seed(n % 20));
      const Case before = c;
      mutation.apply(c, random, kMost);
      changed += c != before;
      ASSERT_LE(c.operations.size(), kMost) << mutation.name;
      Case fresh = WithFreshNames(c);
      ASSERT_EQ(Decode(EncodeCase(c)), fresh) << mutation.name << "\n" << PrintCase(fresh);
      Case parsed;
      ParseError error;
      ASSERT_TRUE(ParseCase(PrintCase(fresh), &parsed, &error)) << mutation.name << ": " << error.message;
      ASSERT_EQ(parsed, fresh) << mutation.name;
    }
    EXPECT_GT(changed, 20) << mutation.name << " hardly ever changes a case";
  }
}

TEST(MutatorTest, EveryMutationStandsAnEmptyCaseAndAFullOne) {
  for (const Mutation& mutation : Mutations()) {
    for (std::uint64_t n = 0; n < 100; ++n) {
      Random random(n);
      Case empty;
      mutation.apply(empty, random, 4);
      ASSERT_LE(empty.operations.size(), 4u) << mutation.name;
      Case full = Decode(Seed(n % 20));
      const std::size_t count = full.operations.size();
      mutation.apply(full, random, count);
      ASSERT_LE(full.operations.size(), count) << mutation.name;
    }
  }
}

TEST(MutatorTest, TheSameSeedIsTheSameMutation) {
  std::set<Bytes> different;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const Bytes bytes = Seed(seed % 7);
    const Bytes mutated = MutateBytes(bytes, 1000, seed);
    ASSERT_EQ(mutated, MutateBytes(bytes, 1000, seed));
    ASSERT_EQ(CrossOverBytes(bytes, Seed(9), 1000, seed), CrossOverBytes(bytes, Seed(9), 1000, seed));
    different.insert(mutated);
  }
  EXPECT_GT(different.size(), 200u);
}

TEST(MutatorTest, BytesStayWithinTheirLimit) {
  for (const std::size_t limit : {0u, 1u, 9u, 10u, 25u, 400u, 5000u}) {
    Bytes bytes = Seed(3);
    bytes.resize(std::min(bytes.size(), limit));
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
      const Bytes mutated = MutateBytes(bytes, limit, seed);
      ASSERT_LE(mutated.size(), limit);
      ASSERT_LE(CrossOverBytes(bytes, Seed(4), limit, seed).size(), limit);
      bytes = mutated;  // also in the long run, where literals gather
    }
  }
}

// What the mutations are for: each of these must come about within a bounded number of them.
struct Reached {
  bool size_at_boundary = false, size_max = false, ptrdiff_max = false;  // one byte to either side of each
  bool saturated = false, drained = false, refusal = false, toggled = false, thread_first = false, remote_free = false;
  bool operator==(const Reached&) const = default;
};

void Look(const Case& c, Reached* reached) {
  std::map<std::uint64_t, int> of_size;
  std::map<Slot, int> maker;
  int frees_in_a_row = 0;
  if (!c.operations.empty() && c.operations[0].thread != 0) reached->thread_first = true;
  reached->refusal |= !c.environment.refusals.empty();
  for (const Operation& o : c.operations) {
    reached->toggled |= o.kind == OperationKind::kRefuse;
    if (o.kind != OperationKind::kCall) continue;
    frees_in_a_row = model::Frees(o.entry) ? frees_in_a_row + 1 : 0;
    reached->drained |= frees_in_a_row >= 100;
    if (model::Frees(o.entry) && maker.contains(o.argument)) reached->remote_free |= maker[o.argument] != o.thread;
    if (!AssignsSlot(o.entry)) continue;
    maker[o.result] = o.thread;
    reached->saturated |= ++of_size[o.size] >= 200;
    reached->size_at_boundary |= o.size == 131072 - 1 || o.size == 131072 + 1;
    reached->size_max |= o.size == SIZE_MAX;
    reached->ptrdiff_max |= o.size == PTRDIFF_MAX - 1 || o.size == PTRDIFF_MAX + 1ull;
  }
}

TEST(MutatorTest, ReachesBoundariesSaturationDrainRefusalsAndRemoteFrees) {
  Reached reached;
  for (std::uint64_t seed = 0; seed < 4000; ++seed) {
    Look(Decode(MutateBytes(Seed(seed % 20), 10000, seed)), &reached);
  }
  EXPECT_TRUE(reached.size_at_boundary && reached.size_max && reached.ptrdiff_max) << "sizes";
  EXPECT_TRUE(reached.saturated && reached.drained) << "repetition";
  EXPECT_TRUE(reached.refusal && reached.toggled) << "the kernel";
  EXPECT_TRUE(reached.thread_first && reached.remote_free) << "threads";
}

TEST(MutatorTest, RetargetingAimsAtLiveBlocks) {
  int live = 0, total = 0;
  for (const Mutation& mutation : Mutations()) {
    if (std::string_view(mutation.name) != "retarget") continue;
    for (std::uint64_t n = 0; n < 300; ++n) {
      Case c = Decode(Seed(n % 20));
      const Case before = c;
      Random random(n);
      mutation.apply(c, random, 100);
      for (std::size_t i = 0; i < c.operations.size(); ++i) {
        if (c.operations[i] == before.operations[i]) continue;
        const std::vector<Slot> there = LiveSlots(c, i);
        live += std::ranges::find(there, c.operations[i].argument) != there.end();
        ++total;
      }
    }
  }
  EXPECT_GT(total, 50);
  EXPECT_EQ(live, total);
}

}  // namespace
}  // namespace breakproof::fuzz
