// Performs operations on a subject and looks at the bytes of its blocks.
//
// It judges nothing: what it saw goes into an Outcome, and the model decides. Its own books lie in memory
// that the caller provides, never in the heap under test. No library, no allocation, no exceptions.
// One operation at a time, from whichever thread the operation names.
#pragma once

#include <cstdint>

#include "harness/execute/hostile.h"
#include "harness/execute/malloc_family.h"
#include "harness/execute/snapshots.h"
#include "harness/case/operation/operation.h"
#include "harness/case/operation/outcome.h"

namespace breakproof::harness {

class Executor {
 public:
  static constexpr std::uint32_t kNoBlock = UINT32_MAX;

  // Bytes of zeroed, 16-byte aligned memory that cases of this length need.
  static std::uint64_t BookBytes(std::uint32_t operation_count, std::uint32_t slot_count);

  // `books` has BookBytes(...) zero bytes, `snapshots` Snapshots::kBytes of any content; both outlive the executor.
  Executor(const MallocFamily& family, void* books, void* snapshots, std::uint32_t operation_count,
           std::uint32_t slot_count);

  // Blocks that are still live may be looked at by anybody from here on.
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // Performs the operation with this index, writing `outcome` as it proceeds, so that a crash leaves the
  // stage it happened in. A thread exit does nothing here but be recorded.
  void Perform(std::uint32_t index, const Operation& operation, Outcome* outcome);

  // The pointer that the operation hands to the subject: NULL as well where C++ forbids to hand over what the slot holds.
  std::uint64_t ArgumentOf(const Operation& operation) const {
    const std::uint32_t block = ArgumentBlock(operation);
    return block == kNoBlock ? 0 : reinterpret_cast<std::uintptr_t>(blocks_[block].address);
  }

  // Frees every live block, unchecked: for a process that goes on with another case.
  void FreeEverything();

 private:
  struct Block {
    void* address;
    std::uint64_t payload;  // bytes asked for
    std::uint64_t usable;   // bytes filled; at least payload
    std::uint64_t reported; // what malloc_usable_size said, or that it was not asked
    std::uint8_t* snapshot; // of payload and slack; nullptr: both are filled with the block's pattern
    std::uint32_t live_position;
    model::Entry maker;
    std::uint8_t alignment_log2;  // of the aligned family; 255: none that could be told to who frees it
  };

  // What each kind of operation means, in the order of OperationKind.
  using Meaning = void (Executor::*)(std::uint32_t index, const Operation& operation, Outcome* outcome);
  static const Meaning kPerform[kOperationKinds];

  void Nothing(std::uint32_t index, const Operation& operation, Outcome* outcome);
  void Check(std::uint32_t index, const Operation& operation, Outcome* outcome);
  void SetOption(std::uint32_t index, const Operation& operation, Outcome* outcome);
  void MoveBreak(std::uint32_t index, const Operation& operation, Outcome* outcome);
  void Touch(std::uint32_t index, const Operation& operation, Outcome* outcome);
  void Trim(std::uint32_t index, const Operation& operation, Outcome* outcome);
  void AdvanceClock(std::uint32_t index, const Operation& operation, Outcome* outcome);
  void RefuseCalls(std::uint32_t index, const Operation& operation, Outcome* outcome);
  void BlockBreak(std::uint32_t index, const Operation& operation, Outcome* outcome);
  void Fork(std::uint32_t index, const Operation& operation, Outcome* outcome);
  void Write(std::uint32_t index, const Operation& operation, Outcome* outcome);
  void Copy(std::uint32_t index, const Operation& operation, Outcome* outcome);
  void Call(std::uint32_t index, const Operation& operation, Outcome* outcome);
  [[noreturn]] void LiveInChild();

  std::uint32_t BlockIn(Slot slot) const;  // kNoBlock if the slot is NULL
  std::uint32_t ArgumentBlock(const Operation& operation) const;
  void End(model::Entry entry, void* argument, std::uint32_t block);
  void FreeWithSize(model::Entry entry, void* argument, std::uint32_t block);
  void* Invoke(const Operation& operation, void* argument, std::uint32_t old_block, Outcome* outcome);
  bool AsksUsable(Content content) const;
  void Adopt(std::uint32_t index, const Operation& operation, Outcome* outcome, std::uint32_t old_block);
  void Inspect(const Operation& operation, std::uint64_t payload, std::uint32_t old_block,
               Outcome* outcome);
  void FillBlock(std::uint32_t index, Outcome* outcome);
  void WriteBlock(std::uint32_t index, Content content, Outcome* outcome);
  void WritePart(const Block& block, std::uint64_t seed, Content content);
  void WriteHostile(const Block& block);
  void NoteHandedOut(const Block& block);
  void NoteFreed(const Block& block);
  void AfterFailure(const Operation& operation, std::uint32_t old_block, Outcome* outcome);

  // Whether bytes are as they should be; the first that is not goes into the outcome. The payload of a block may be looked
  // at elsewhere, where realloc has moved it to, and below `limit` only.
  bool PayloadHolds(Finding finding, std::uint32_t block, const void* base, std::uint64_t limit, Outcome* outcome);
  bool SlackHolds(std::uint32_t block, Outcome* outcome);
  bool HoldsQuickly(std::uint32_t block) const;
  void VerifyBlock(std::uint32_t block, Outcome* outcome);
  void VerifyUsable(std::uint32_t block, Outcome* outcome);
  void VerifyNext(Outcome* outcome);
  void VerifyAll(Outcome* outcome);

  void ShowBlock(std::uint32_t block);
  void HideBlock(std::uint32_t block);

  bool Reserve(Block* block);
  void Remember(Block* block);
  void Forget(Block* block);

  void Insert(std::uint32_t block);
  void Remove(std::uint32_t block);

  const MallocFamily& family_;
  Block* blocks_;          // by index of the operation that made it
  std::uint32_t* live_;    // indices of live blocks, dense
  std::uint32_t* slots_;   // block index + 1, or 0 for NULL
  Snapshots snapshots_;
  HostileWords hostile_;
  std::uint64_t hostile_words_ = 0;  // written so far
  std::uint32_t live_count_ = 0;
  std::uint32_t next_to_verify_ = 0;
  std::uint32_t operations_ = 0;  // that might have looked at it
};

}  // namespace breakproof::harness
