// Two mallocs in one process: the program's own, and ours under names of its own.
#include <gtest/gtest.h>
#include <malloc.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

#include "allocator/interface/prefixed.h"

namespace {

TEST(Prefixed, IsAnotherMallocThanTheProgramsOwn) {
  void* const ours = breakproof_malloc(129);
  EXPECT_EQ(breakproof_malloc_usable_size(ours), 144u) << "a size class of ours";
  breakproof_free(ours);
  void* const theirs = malloc(129);
  EXPECT_NE(malloc_usable_size(theirs), 144u) << "glibc's usable sizes are 8 more than a multiple of 16";
  free(theirs);
}

// Both move the break; each must go on above what the other has taken.
TEST(Prefixed, BothLiveOnOneBreak) {
  constexpr std::size_t kBlocks = 2000, kSize = 3000;
  std::vector<unsigned char*> ours, theirs;
  for (std::size_t i = 0; i < kBlocks; ++i) {
    ours.push_back(static_cast<unsigned char*>(breakproof_malloc(kSize)));
    theirs.push_back(static_cast<unsigned char*>(malloc(kSize)));
    ASSERT_NE(ours.back(), nullptr);
    std::memset(ours.back(), 1 + i % 100, kSize);
    std::memset(theirs.back(), 101 + i % 100, kSize);
  }
  for (std::size_t i = 0; i < kBlocks; ++i) {
    for (std::size_t at = 0; at < kSize; at += 100) {
      ASSERT_EQ(ours[i][at], 1 + i % 100);
      ASSERT_EQ(theirs[i][at], 101 + i % 100);
    }
    breakproof_free(ours[i]);
    free(theirs[i]);
  }
}

TEST(Prefixed, ServesOtherThreads) {
  void* block = nullptr;
  std::thread([&] { block = breakproof_calloc(10, 10); }).join();
  ASSERT_NE(block, nullptr);
  EXPECT_EQ(std::memcmp(block, std::vector<char>(100).data(), 100), 0);
  breakproof_free(block);
}

}  // namespace
