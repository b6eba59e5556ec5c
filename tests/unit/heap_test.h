// A heap of its own for each test, on the system kernel; as whole afterwards as a walker can see.
#pragma once

#include <gtest/gtest.h>
#include <sys/mman.h>

#include "allocator/heap/check.h"
#include "allocator/heap/heap.h"

namespace breakproof::allocator {

class HeapTest : public testing::Test {
 protected:
  void SetUp() override {
    // Far too large for a stack, and zero, as a heap has to be.
    constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    void* const memory = mmap(nullptr, sizeof(Heap), PROT_READ | PROT_WRITE, kFlags, -1, 0);
    ASSERT_NE(memory, MAP_FAILED);
    heap_ = static_cast<Heap*>(memory);
    heap_->Init(kSystemKernel);
  }

  void TearDown() override {
    EXPECT_STREQ(CheckHeap(*heap_), nullptr);
    munmap(heap_, sizeof(Heap));
  }

  Heap* heap_ = nullptr;
};

}  // namespace breakproof::allocator
