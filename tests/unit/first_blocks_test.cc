// Where a thread's first blocks of each class lie: together on few pages, until a class is used enough for its own.
#include <gtest/gtest.h>

#include <cstdint>
#include <set>
#include <vector>

#include "allocator/heap/thread_heap.h"
#include "tests/unit/heap_test.h"

namespace breakproof::allocator {
namespace {

class FirstBlocks : public HeapTest {
 protected:
  void SetUp() override {
    HeapTest::SetUp();
    first_ = heap_->Attach();
    other_ = heap_->Attach();
    ASSERT_TRUE(first_ != nullptr && other_ != nullptr);
  }

  // One block of each class up to 1 KiB.
  static std::vector<void*> OneOfEach(ThreadHeap* thread) {
    std::vector<void*> blocks;
    for (std::uint64_t size_class = 0; arithmetic::kClassSizes[size_class] <= 1024; ++size_class) {
      blocks.push_back(thread->Allocate(arithmetic::kClassSizes[size_class]));
      EXPECT_NE(blocks.back(), nullptr);
    }
    return blocks;
  }

  static void FreeAll(ThreadHeap* thread, const std::vector<void*>& blocks) {
    for (void* block : blocks) thread->Free(block);
  }

  static std::size_t Pages(const std::vector<void*>& blocks) {
    std::set<std::uintptr_t> pages;
    for (void* block : blocks) pages.insert(reinterpret_cast<std::uintptr_t>(block) / kPageSize);
    return pages.size();
  }

  bool IsShared(void* block) const { return heap_->pages().map().Find(reinterpret_cast<std::uintptr_t>(block))->IsMixed(); }

  // Whether a block of this size lies on a shared page after so many of one at a time.
  bool IsSharedAfter(ThreadHeap* thread, std::size_t size, int uses) {
    for (int i = 0; i < uses; ++i) thread->Free(thread->Allocate(size));
    void* const block = thread->Allocate(size);
    const bool is_shared = IsShared(block);
    thread->Free(block);
    return is_shared;
  }

  ThreadHeap* first_ = nullptr;
  ThreadHeap* other_ = nullptr;
};

TEST_F(FirstBlocks, ShareTheirPages) {
  const std::vector<void*> blocks = OneOfEach(other_);
  EXPECT_LE(Pages(blocks) * 3, blocks.size());
  FreeAll(other_, blocks);
}

TEST_F(FirstBlocks, OfTheFirstThreadDoNot) {
  const std::vector<void*> blocks = OneOfEach(first_);
  EXPECT_GT(Pages(blocks) * 2, blocks.size());
}

TEST_F(FirstBlocks, AClassThatIsUsedMuchMovesOut) {
  OneOfEach(other_);
  EXPECT_TRUE(IsSharedAfter(other_, 48, 10));
  EXPECT_TRUE(IsSharedAfter(other_, 640, 10));
  EXPECT_FALSE(IsSharedAfter(other_, 48, 200));
  EXPECT_FALSE(IsSharedAfter(other_, 640, 200));
  EXPECT_TRUE(IsSharedAfter(other_, 96, 10)) << "nobody used it";
}

TEST_F(FirstBlocks, AClassOfWhichMuchIsKeptMovesOut) {
  OneOfEach(other_);
  std::vector<void*> kept;
  for (int i = 0; i < 64; ++i) kept.push_back(other_->Allocate(64));
  EXPECT_FALSE(IsShared(kept.back()));
  // Less than a page's worth has been left on pages that are shared.
  std::uint64_t shared = 0;
  for (void* block : kept) shared += IsShared(block) ? 64 : 0;
  EXPECT_LT(shared, kPageSize);
}

TEST_F(FirstBlocks, TheNextThreadBeginsAnew) {
  const auto use_all = [this](int uses) {
    for (int i = 0; i < uses; ++i) FreeAll(other_, OneOfEach(other_));
    const std::vector<void*> blocks = OneOfEach(other_);
    const std::size_t pages = Pages(blocks);
    FreeAll(other_, blocks);
    return pages;
  };
  const std::size_t at_first = use_all(1);
  const std::size_t used_much = use_all(200);
  EXPECT_GT(used_much, 2 * at_first);
  heap_->Detach(other_);
  ASSERT_EQ(heap_->Attach(), other_);
  other_->Flush();  // what was left at hand
  EXPECT_EQ(use_all(1), at_first);
}

}  // namespace
}  // namespace breakproof::allocator
