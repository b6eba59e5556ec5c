// Every comparison of the differential can fail: a true observation is falsified in one place at a time.
#include <gtest/gtest.h>
#include <sys/mman.h>

#include "harness/kernel/differential/compare.h"
#include "harness/kernel/differential/differential.h"

namespace breakproof::harness {
namespace {

using model::Call;
using model::CallKind;
using model::kPage;
using model::Word;

class Compared : public testing::Test {
 protected:
  void SetUp() override {
    std::string error;
    real_ = RealKernel::Start({}, error);
    ASSERT_NE(real_, nullptr) << error;
    const Word w = real_->machine().window.start;
    const unsigned fixed = model::kPrivate | model::kFixed;
    calls_ = {
        {.kind = CallKind::kBrk, .address = w + 10 * kPage},
        {.kind = CallKind::kMmap,
         .address = w + 12 * kPage,
         .length = 2 * kPage,
         .protection = 3,
         .flags = fixed | model::kAnonymous},
        {.kind = CallKind::kMmap,
         .address = w + 14 * kPage,
         .length = kPage,
         .protection = 3,
         .flags = fixed | model::kAnonymous | model::kNoReserve},
        {.kind = CallKind::kMmap,
         .address = w + 20 * kPage,
         .length = 5 * kPage,
         .protection = 1,
         .flags = fixed,
         .descriptor = kFileA},
        {.kind = CallKind::kStore, .address = w + 12 * kPage + 5, .value = 7},
    };
    ASSERT_EQ(real_->Run(calls_), static_cast<int>(calls_.size()));
    kernel_.emplace(real_->machine());
    AddInitialFiles(*kernel_);
    model::TopDownChooser chooser;
    for (const Call& call : calls_) expected_ = kernel_->Perform(call, chooser);
    seen_ = real_->observation(static_cast<int>(calls_.size()) - 1);
  }

  // What the comparison complains about; "" if nothing.
  std::string Complaint() {
    const auto mismatch = Compare(*kernel_, expected_, seen_);
    return mismatch ? mismatch->what : "";
  }
  PageView& Page(int index) { return seen_.pages[index]; }

  std::unique_ptr<RealKernel> real_;
  std::vector<Call> calls_;
  std::optional<model::Kernel> kernel_;
  model::Result expected_;
  Observation seen_;
};

TEST_F(Compared, TheTruthPasses) { EXPECT_EQ(Complaint(), ""); }

TEST_F(Compared, ResultAndErrno) {
  seen_.value = 1;
  EXPECT_EQ(Complaint(), "result");
  seen_.value = 0;
  seen_.error = 12;
  EXPECT_EQ(Complaint(), "result");
}

TEST_F(Compared, ChosenAddress) {
  expected_.bad_choice = true;
  EXPECT_EQ(Complaint(), "chosen address");
}

TEST_F(Compared, Breaks) {
  ++seen_.libc_break;
  EXPECT_EQ(Complaint(), "libc's break");
  ++seen_.program_break;
  EXPECT_EQ(Complaint(), "break");
}

TEST_F(Compared, Map) {
  const Observation truth = seen_;
  seen_.areas[0].end -= kPage;
  EXPECT_EQ(Complaint(), "map");
  seen_ = truth;
  seen_.areas[0].protection = 1;
  EXPECT_EQ(Complaint(), "map");
  seen_ = truth;
  seen_.areas[0].shared = true;
  EXPECT_EQ(Complaint(), "map");
  seen_ = truth;
  seen_.areas[seen_.area_count - 1].offset += kPage;
  EXPECT_EQ(Complaint(), "map");
  seen_ = truth;
  --seen_.area_count;
  EXPECT_EQ(Complaint(), "map");
}

TEST_F(Compared, MergedAreas) {  // M24: the kernel may not merge the NORESERVE mapping with its neighbour
  ASSERT_EQ(seen_.areas[1].end, seen_.areas[2].start);
  seen_.areas[1].end = seen_.areas[2].end;
  for (int i = 2; i + 1 < seen_.area_count; ++i) seen_.areas[i] = seen_.areas[i + 1];
  --seen_.area_count;
  EXPECT_EQ(Complaint(), "merged areas");
}

TEST_F(Compared, Contents) {
  Page(12).digest ^= 1;
  EXPECT_EQ(Complaint().substr(0, 8), "contents");
}

TEST_F(Compared, Faults) {
  ASSERT_EQ(Page(23).state, PageView::kFaulted);  // past the end of the file
  Page(23).fault = model::kFaultForbidden;
  EXPECT_EQ(Complaint().substr(0, 4), "load");
  Page(23).fault = model::kFaultPastEnd;
  Page(12).state = PageView::kFaulted;
  Page(12).fault = model::kFaultUnmapped;
  EXPECT_EQ(Complaint().substr(0, 4), "load");
}

TEST_F(Compared, Files) {
  FileView file = real_->file(0);
  EXPECT_FALSE(CompareFile(*kernel_, 0, file).has_value());
  file.bytes[100] ^= 1;
  EXPECT_EQ(CompareFile(*kernel_, 0, file)->what, "byte 100 of file 0");
  ++file.size;
  EXPECT_EQ(CompareFile(*kernel_, 0, file)->what, "size of file 0");
}

// A call that takes the child's own memory away: reported at the call, and the next run works.
TEST_F(Compared, DeathOfTheChild) {
  const std::vector<Call> deadly = {
      calls_[0], {.kind = CallKind::kMunmap, .address = 0, .length = model::kTaskEnd - kPage}, calls_[1]};
  EXPECT_EQ(real_->Run(deadly), 1);
  EXPECT_EQ(real_->death(), "killed by Segmentation fault");
  EXPECT_EQ(real_->Run(calls_), static_cast<int>(calls_.size()));
  EXPECT_FALSE(Differential(*real_).Check(calls_).has_value());
}

}  // namespace
}  // namespace breakproof::harness
