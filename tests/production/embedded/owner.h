// The blocks of one thread, as programs have them: written, written in part or not at all, copied from one another, resized,
// with words in them that look like the allocator's own. Their owner looks at every byte again and again.
#pragma once

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <array>
#include <cstdint>

#include "harness/execute/hostile.h"
#include "harness/execute/payload.h"
#include "harness/execute/snapshots.h"
#include "harness/search/generate/random.h"
#include "harness/case/operation/content.h"
#include "tests/production/embedded/names.h"

namespace breakproof::tests {

class Owner {
 public:
  explicit Owner(std::uint64_t seed)
      : random_(seed),
        memory_(mmap(nullptr, harness::Snapshots::kBytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)),
        snapshots_(memory_) {}
  ~Owner() {
    for (Block& block : blocks_) Release(&block);
    munmap(memory_, harness::Snapshots::kBytes);
  }
  Owner(const Owner&) = delete;
  Owner& operator=(const Owner&) = delete;

  // One thing that a program does.
  void Step() {
    Block& block = blocks_[random_.Below(kBlocks)];
    if (block.bytes == nullptr) return Allocate(&block);
    Verify(block);
    switch (random_.Below(4)) {
      case 0: return Resize(&block);
      case 1: return CopyFrom(blocks_[random_.Below(kBlocks)], &block);
      case 2: return;
      default: Release(&block);
    }
  }

 private:
  static constexpr std::size_t kBlocks = 64;
  static constexpr std::uint64_t kWord = sizeof(std::uint64_t);

  struct Block {
    unsigned char* bytes = nullptr;
    std::uint64_t size = 0;
    std::uint8_t* snapshot = nullptr;
  };

  std::uint64_t AnySize() {
    switch (random_.Below(64)) {
      case 0: return random_.Between(1, 400000);
      case 1:
      case 2:
      case 3: return random_.Between(1024, 64 << 10);
      default: return random_.Between(1, 1500);
    }
  }

  void Allocate(Block* block) {
    block->size = AnySize();
    block->bytes = static_cast<unsigned char*>(random_.OneIn(8) ? names::Realloc(nullptr, block->size) : names::Malloc(block->size));
    if (block->bytes == nullptr) return;
    Look(*block, [this](std::uint64_t address, std::uint64_t word) { hostile_.Found(address, word); });
    Write(block, static_cast<harness::Content>(random_.Below(harness::kContents)));
    Remember(block);
  }

  void Write(Block* block, harness::Content content) {
    using harness::Content;
    const std::uint64_t seed = random_.Next();
    switch (content) {
      case Content::kPattern: return harness::Fill(block->bytes, seed, 0, block->size);
      case Content::kFirstWordLeft: return harness::Fill(block->bytes, seed, block->size < kWord ? block->size : kWord, block->size);
      case Content::kLastByte: block->bytes[block->size - 1] = static_cast<unsigned char>(seed); return;
      case Content::kFirstHalf: return harness::Fill(block->bytes, seed, 0, block->size / 2);
      case Content::kZero: return harness::FillZero(block->bytes, block->size);
      case Content::kHostile: return WriteHostile(block);
      case Content::kUntouched: return;
    }
  }

  void WriteHostile(Block* block) {
    const auto address = reinterpret_cast<std::uintptr_t>(block->bytes);
    for (std::uint64_t at = 0; at + kWord <= block->size && at < 4096; at += kWord) {
      const std::uint64_t word = hostile_.WordFor(address + at, hostile_words_++);
      std::memcpy(block->bytes + at, &word, kWord);
    }
  }

  void Resize(Block* block) {
    const std::uint64_t size = AnySize();
    auto* const bytes = static_cast<unsigned char*>(names::Realloc(block->bytes, size));
    if (bytes == nullptr) return;
    const std::uint64_t kept = size < block->size ? size : block->size;
    EXPECT_EQ(harness::FirstUnlikeCopy(bytes, block->snapshot, 0, block->size, kept), block->size)
        << "realloc has lost bytes";
    Forget(block);
    block->bytes = bytes;
    block->size = size;
    if (random_.OneIn(4)) Write(block, harness::Content::kHostile);
    Remember(block);
  }

  void CopyFrom(const Block& source, Block* block) {
    if (source.bytes == nullptr || &source == block) return;
    std::memcpy(block->bytes, source.bytes, source.size < block->size ? source.size : block->size);
    Remember(block);
  }

  void Verify(const Block& block) {
    EXPECT_EQ(harness::FirstUnlikeCopy(block.bytes, block.snapshot, 0, block.size, block.size), block.size)
        << "somebody else wrote to the block";
  }

  void Release(Block* block) {
    if (block->bytes == nullptr) return;
    Verify(*block);
    Look(*block, [this](std::uint64_t address, std::uint64_t word) { hostile_.Left(address, word); });
    hostile_.Freed(reinterpret_cast<std::uintptr_t>(block->bytes));
    Forget(block);
    names::Free(block->bytes);
    block->bytes = nullptr;
  }

  template <typename See>
  static void Look(const Block& block, See see) {
    for (std::uint64_t at = 0; at < harness::HostileWords::kWords * kWord && at + kWord <= block.size; at += kWord) {
      std::uint64_t word;
      std::memcpy(&word, block.bytes + at, kWord);
      see(reinterpret_cast<std::uintptr_t>(block.bytes) + at, word);
    }
  }

  void Remember(Block* block) {
    if (block->snapshot == nullptr) block->snapshot = snapshots_.Take(harness::CoveredBytes(0, block->size));
    if (block->snapshot == nullptr) std::abort();  // kBlocks of the largest have room
    harness::TakeCopy(block->bytes, 0, block->size, block->snapshot);
  }

  void Forget(Block* block) {
    snapshots_.GiveBack(block->snapshot, harness::CoveredBytes(0, block->size));
    block->snapshot = nullptr;
  }

  harness::Random random_;
  void* memory_;  // not of the heap under test
  harness::Snapshots snapshots_;
  harness::HostileWords hostile_;
  std::uint64_t hostile_words_ = 0;
  std::array<Block, kBlocks> blocks_;
};

}  // namespace breakproof::tests
