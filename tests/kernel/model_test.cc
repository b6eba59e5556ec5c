// The model where this machine can not show it: other kernel versions, memory limits, bad choices.
#include <gtest/gtest.h>

#include <cerrno>

#include "model/break/break.h"
#include "model/kernel/kernel.h"

namespace breakproof::model {
namespace {

constexpr Word kStart = 0x7e9000000000;
constexpr unsigned kPlain = kPrivate | kAnonymous;
constexpr unsigned kAt = kPlain | kFixed;

class Model : public testing::Test {
 protected:
  Model() {
    machine_.window = {kStart, kStart + 40 * kPage};
    machine_.lowest_break = kStart + 8 * kPage;
    machine_.known_advice = ~Word{0};
    machine_.descriptors[3] = {.object = 0};
  }
  State& state() {
    if (!state_) {
      state_.emplace(machine_);
      state_->object_size[0] = 4 * kPage;
    }
    return *state_;
  }
  Word Page(Word index) const { return kStart + index * kPage; }
  Result Map(Word page, Word pages, unsigned protection = kRead | kWrite, unsigned flags = kAt, int descriptor = -1) {
    return Mmap(state(), {Page(page), pages * kPage, protection, flags, descriptor, 0}, chooser_);
  }
  Result Remap(const MremapCall& call) { return Mremap(state(), call, chooser_); }

  Machine machine_;
  std::optional<State> state_;
  TopDownChooser chooser_;
};

TEST_F(Model, OlderKernelsMoveOneAreaOnly) {  // M52
  machine_.moves_span_areas = machine_.remap_checks_source_first = false;
  Map(10, 1);
  Map(11, 1, kRead);
  const MremapCall both{Page(10), 2 * kPage, 2 * kPage, kMayMove | kMoveFixed, Page(20)};
  EXPECT_EQ(Remap(both).error, EFAULT);
  const MremapCall one{Page(10), kPage, kPage, kMayMove | kMoveFixed, Page(20)};
  EXPECT_EQ(Remap(one).value, Page(20));
}

TEST_F(Model, OlderKernelsEmptyTheDestinationFirst) {  // M53
  Map(10, 1);
  Map(11, 1, kRead);
  Map(20, 3);
  const MremapCall grow{Page(10), 2 * kPage, 3 * kPage, kMayMove | kMoveFixed, Page(20)};
  EXPECT_EQ(Remap(grow).error, EFAULT);
  EXPECT_TRUE(state().space.At(Page(20)));
  machine_.remap_checks_source_first = false;
  EXPECT_EQ(Remap(grow).error, EFAULT);
  EXPECT_FALSE(state().space.At(Page(20)));
}

TEST_F(Model, OlderKernelsPopulateBehindHoles) {  // M79
  Map(11, 1, kNone);
  EXPECT_EQ(Madvise(state(), Page(10), 2 * kPage, kPopulateRead).error, ENOMEM);
  machine_.populate_stops_at_holes = false;
  EXPECT_EQ(Madvise(state(), Page(10), 2 * kPage, kPopulateRead).error, EINVAL);
}

TEST_F(Model, OlderKernelsLookUpTheOldAddressFirst) {  // M45
  const MremapCall unaligned{Page(10), kPage, kPage, kMayMove | kMoveFixed, Page(20) + 1};
  EXPECT_FALSE(Remap(unaligned).any_error);
  machine_.remap_checks_arguments_first = false;
  EXPECT_TRUE(Remap(unaligned).any_error);
  Map(10, 1);
  const Word huge = Word{1} << 62;
  EXPECT_EQ(Remap({Page(10), huge, huge, 0, 0}).value, Page(10));
  EXPECT_EQ(Remap({Page(10), kPage, huge, kMayMove, 0}).error, ENOMEM);
}

TEST_F(Model, OlderKernelsRemoveFromWritableMappingsOnly) {  // M78
  Map(10, 1, kRead, kShared | kFixed, 3);
  EXPECT_EQ(Madvise(state(), Page(10), kPage, kRemove).error, 0);
  machine_.remove_needs_write = true;
  EXPECT_EQ(Madvise(state(), Page(10), kPage, kRemove).error, EACCES);
}

TEST_F(Model, UnknownAdviceIsInvalid) {  // M70
  machine_.known_advice = 1 << kDontNeed;
  Map(10, 1);
  EXPECT_EQ(Madvise(state(), Page(10), kPage, kDontNeed).error, 0);
  EXPECT_EQ(Madvise(state(), Page(10), kPage, kFree).error, EINVAL);
}

TEST_F(Model, OneChargeMayNotExceedMemory) {  // L9 L10
  machine_.largest_charge = 4;
  EXPECT_EQ(Map(10, 5).error, ENOMEM);
  EXPECT_EQ(Map(10, 4).error, 0);
  EXPECT_EQ(Map(14, 4).error, 0);  // the sum is not limited
  EXPECT_EQ(Map(20, 5, kRead).error, 0);
  EXPECT_EQ(Map(25, 5, kRead | kWrite, kAt | kNoReserve).error, 0);
  EXPECT_EQ(Map(30, 5, kNone, kShared | kAnonymous | kFixed).error, ENOMEM);
  EXPECT_EQ(Mprotect(state(), Page(20), 5 * kPage, kRead | kWrite).error, ENOMEM);
  EXPECT_EQ(SetBreak(state(), machine_.lowest_break + kPage), machine_.lowest_break + kPage);
  EXPECT_EQ(Remap({Page(10), kPage, 6 * kPage, kMayMove, 0}).error, ENOMEM);
}

TEST_F(Model, AnOccupiedAddressIsABadChoice) {  // M16
  class Occupied : public Chooser {
   public:
    Word Place(const AddressSpace&, Word) override { return kStart + 10 * kPage; }
  } occupied;
  Map(10, 1);
  EXPECT_TRUE(Mmap(state(), {0, kPage, kRead, kPlain, -1, 0}, occupied).bad_choice);
}

TEST_F(Model, TheHighestGapThatFitsIsChosen) {  // M17
  Map(37, 1);
  EXPECT_EQ(Map(0, 3, kRead, kPlain).value, Page(0));  // a hint that is free
  EXPECT_EQ(Mmap(state(), {0, 2 * kPage, kRead, kPlain, -1, 0}, chooser_).value, Page(38));
  EXPECT_EQ(Mmap(state(), {0, 3 * kPage, kRead, kPlain, -1, 0}, chooser_).value, Page(34));
}

TEST_F(Model, CountersFollowTheMap) {  // L1 L3
  Map(10, 4);
  Map(20, 3, kRead);
  EXPECT_EQ(state().space.TotalPages(), 7u);
  EXPECT_EQ(state().space.DataPages(), 4u);
  Mprotect(state(), Page(11), kPage, kNone);
  Munmap(state(), Page(13), kPage);
  EXPECT_EQ(state().space.TotalPages(), 6u);
  EXPECT_EQ(state().space.DataPages(), 2u);
}

}  // namespace
}  // namespace breakproof::model
