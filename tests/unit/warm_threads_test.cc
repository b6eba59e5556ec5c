// Warm thread heaps: what a finished thread leaves at hand for the next one, and when it has to go.
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "allocator/heap/thread_heap.h"
#include "allocator/heap/trim.h"
#include "tests/unit/heap_test.h"

namespace breakproof::allocator {
namespace {

constexpr std::size_t kSize = 100;  // of every block here
constexpr std::uint64_t kClass = arithmetic::SmallSizeToClass(kSize);
constexpr std::uint64_t kWarm = 4;  // thread heaps that stay warm

class WarmThreads : public HeapTest {
 protected:
  // A thread that allocates so many blocks and frees them again.
  ThreadHeap* Busy(int blocks = 200) {
    ThreadHeap* const thread = heap_->Attach();
    std::vector<void*> all;
    for (int i = 0; i < blocks; ++i) all.push_back(Must(thread->Allocate(kSize)));
    for (void* block : all) thread->Free(block);
    return thread;
  }

  static void* Must(void* block) {
    EXPECT_NE(block, nullptr);
    return block;
  }

  std::uint64_t AtHand() const {
    std::uint64_t blocks = 0;
    for (std::uint64_t id = 1; id <= heap_->thread_count(); ++id) blocks += heap_->Thread(id)->bin_count(kClass);
    return blocks;
  }
};

TEST_F(WarmThreads, TheNextThreadFindsALittleAtHand) {
  ThreadHeap* const first = Busy();
  EXPECT_EQ(first->bin_count(kClass), BinCapacity(kClass));
  heap_->Detach(first);
  EXPECT_EQ(first->bin_count(kClass), RestingCount(kClass));
  ASSERT_GT(RestingCount(kClass), 0u);

  ThreadHeap* const second = heap_->Attach();
  EXPECT_EQ(second, first);
  EXPECT_NE(second->AllocateFast(kSize), nullptr);
}

TEST_F(WarmThreads, TheOneLeftLastIsTakenFirst) {
  ThreadHeap* const first = Busy();
  ThreadHeap* const second = Busy();
  heap_->Detach(first);
  heap_->Detach(second);
  EXPECT_EQ(heap_->Attach(), second);
  EXPECT_EQ(heap_->Attach(), first);
}

TEST_F(WarmThreads, ThereAreFew) {
  std::vector<ThreadHeap*> threads;
  for (std::uint64_t i = 0; i < kWarm + 3; ++i) threads.push_back(Busy());
  for (ThreadHeap* thread : threads) heap_->Detach(thread);
  EXPECT_EQ(AtHand(), kWarm * RestingCount(kClass));
  for (std::uint64_t i = 0; i < kWarm; ++i) EXPECT_EQ(threads[i]->bin_count(kClass), RestingCount(kClass));
  // The others are not lost.
  for (std::uint64_t i = 0; i < threads.size(); ++i) EXPECT_NE(heap_->Attach(), nullptr);
  EXPECT_EQ(heap_->thread_count(), threads.size());
}

TEST_F(WarmThreads, FlushedTheyHaveNothingAtHand) {
  std::vector<ThreadHeap*> threads;
  for (std::uint64_t i = 0; i < kWarm; ++i) threads.push_back(Busy());
  for (ThreadHeap* thread : threads) heap_->Detach(thread);
  ASSERT_GT(AtHand(), 0u);
  heap_->FlushIdle();
  EXPECT_EQ(AtHand(), 0u);
}

TEST_F(WarmThreads, NothingIsKeptWhenThePeakWouldRise) {
  ThreadHeap* const worker = heap_->Attach();
  heap_->Detach(Busy());
  ASSERT_GT(AtHand(), 0u);
  // Nothing that was resident before serves this one.
  void* const block = Must(worker->Allocate(64 << 10));
  EXPECT_EQ(AtHand(), 0u);
  worker->Free(block);
}

TEST_F(WarmThreads, TheyStayWhileThePeakIsFarAway) {
  ThreadHeap* const worker = heap_->Attach();
  worker->Free(Must(worker->Allocate(100 << 10)));
  heap_->Detach(Busy());
  ASSERT_GT(AtHand(), 0u);
  void* const block = Must(worker->Allocate(40 << 10));  // from what was resident before
  EXPECT_EQ(AtHand(), RestingCount(kClass));
  worker->Free(block);
}

TEST_F(WarmThreads, WhatOthersFreeForThemComesHome) {
  ThreadHeap* const other = heap_->Attach();
  ThreadHeap* const warm = heap_->Attach();
  std::vector<void*> blocks;
  for (int i = 0; i < 400; ++i) blocks.push_back(Must(warm->Allocate(kSize)));
  heap_->Detach(warm);
  for (void* block : blocks) other->Free(block);
  EXPECT_FALSE(warm->incoming().IsEmpty());
  heap_->DrainOneIdle();
  EXPECT_TRUE(warm->incoming().IsEmpty());
  EXPECT_EQ(heap_->Attach(), warm) << "it is warm still";
}

TEST_F(WarmThreads, MallocTrimLeavesThemNothing) {
  ThreadHeap* const worker = heap_->Attach();
  for (std::uint64_t i = 0; i < kWarm; ++i) heap_->Detach(Busy());
  ASSERT_GT(AtHand(), 0u);
  TrimHeap(*heap_, *worker, 0);
  EXPECT_EQ(AtHand(), 0u);
}

}  // namespace
}  // namespace breakproof::allocator
