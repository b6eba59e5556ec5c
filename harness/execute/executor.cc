#include "harness/execute/executor.h"

#include <malloc.h>

#include <cerrno>

#include "harness/execute/payload.h"

namespace breakproof::harness {
namespace {

using model::Entry;

constexpr std::uint32_t kNoBlock = UINT32_MAX;

// A usable size beyond this is reported by the model and not believed here: writing there would only
// turn a wrong number into a crash.
constexpr std::uint64_t kLargestSlack = 64ull << 20;

// The stage must be in shared memory before what follows it happens.
void Enter(Stage stage, Outcome* outcome) {
  *static_cast<volatile Stage*>(&outcome->stage) = stage;
  asm volatile("" ::: "memory");
}

void Found(Finding finding, std::uint32_t block, std::uint64_t offset, std::uint64_t expected,
           std::uint64_t actual, Outcome* outcome) {
  if (outcome->finding != Finding::kNone) return;
  outcome->finding = finding;
  outcome->block = block;
  outcome->offset = offset;
  outcome->expected = expected;
  outcome->actual = actual;
}

std::uint8_t ByteAt(const void* base, std::uint64_t offset) {
  return static_cast<const std::uint8_t*>(base)[offset];
}

// Looks at [begin, end) of a block as far as `limit`; true if it is as it was filled.
bool Unchanged(Finding finding, const void* base, std::uint32_t block, std::uint64_t begin,
               std::uint64_t end, std::uint64_t limit, Outcome* outcome) {
  const std::uint64_t seed = SeedOf(block);
  const std::uint64_t at = FirstChanged(base, seed, begin, end, limit);
  if (at == end) return true;
  Found(finding, block, at, PatternByte(seed, at), ByteAt(base, at), outcome);
  return false;
}

// Bytes the caller may use. 0 where no such object can exist: should the subject return a pointer all the
// same, the model objects, and writing there would destroy the process before it can.
std::uint64_t PayloadOf(const Operation& operation) {
  constexpr std::uint64_t kPage = 4096;
  std::uint64_t bytes = operation.size;
  if (TakesCount(operation.entry)) {
    if (__builtin_mul_overflow(operation.count, operation.size, &bytes)) return 0;
  } else if (operation.entry == Entry::kPvalloc) {
    if (__builtin_add_overflow(bytes, kPage - 1, &bytes)) return 0;
    bytes = bytes / kPage * kPage;
  }
  return bytes > INT64_MAX ? 0 : bytes;
}

int NumberOf(model::Option option) {
  switch (option) {
    case model::Option::kMmapThreshold: return M_MMAP_THRESHOLD;
    case model::Option::kTrimThreshold: return M_TRIM_THRESHOLD;
    case model::Option::kTopPad: return M_TOP_PAD;
    case model::Option::kMmapMax: return M_MMAP_MAX;
    case model::Option::kMaxFast: return M_MXFAST;
  }
  return 0;
}

}  // namespace

std::uint64_t Executor::BookBytes(std::uint32_t operation_count, std::uint32_t slot_count) {
  return operation_count * (sizeof(Block) + sizeof(std::uint32_t)) + slot_count * sizeof(std::uint32_t);
}

Executor::Executor(const MallocFamily& family, void* books, std::uint32_t operation_count,
                   std::uint32_t /*slot_count*/)
    : family_(family),
      blocks_(static_cast<Block*>(books)),
      live_(reinterpret_cast<std::uint32_t*>(blocks_ + operation_count)),
      slots_(live_ + operation_count) {}

void Executor::Perform(std::uint32_t index, const Operation& operation, Outcome* outcome) {
  switch (operation.kind) {
    case OperationKind::kCall:
      Call(index, operation, outcome);
      break;
    case OperationKind::kCheck:
      Enter(Stage::kReadingBytes, outcome);
      VerifyAll(outcome);
      break;
    case OperationKind::kThreadExit:
      break;
    case OperationKind::kMallopt:
      SetOption(operation, outcome);
      break;
    case OperationKind::kSbrk:
      Enter(Stage::kCalling, outcome);
      // By libc's function: a raw call behind it would leave it with a stale idea of the break.
      outcome->address = reinterpret_cast<std::uintptr_t>(family_.sbrk(static_cast<std::intptr_t>(operation.size)));
      break;
  }
  Enter(Stage::kDone, outcome);
}

void Executor::FreeEverything() {
  while (live_count_ > 0) {
    const std::uint32_t block = live_[live_count_ - 1];
    Remove(block);
    family_.free(blocks_[block].address);
  }
}

void Executor::SetOption(const Operation& operation, Outcome* outcome) {
  Enter(Stage::kCalling, outcome);
  if (family_.mallopt == nullptr) return;
  outcome->status = family_.mallopt(NumberOf(operation.option), static_cast<int>(operation.size));
}

void Executor::Call(std::uint32_t index, const Operation& operation, Outcome* outcome) {
  std::uint32_t old_block = kNoBlock;
  if (ReadsSlot(operation.entry) && operation.argument != kNullSlot) {
    old_block = slots_[operation.argument] - 1;  // 0 - 1 is kNoBlock: the slot is NULL
  }
  void* const argument = old_block == kNoBlock ? nullptr : blocks_[old_block].address;
  outcome->argument = reinterpret_cast<std::uintptr_t>(argument);

  Enter(Stage::kReadingBytes, outcome);
  if (old_block != kNoBlock) VerifyBlock(old_block, outcome);
  VerifyNext(outcome);
  if (old_block != kNoBlock && operation.entry != Entry::kUsableSize) VerifyUsable(old_block, outcome);

  Enter(Stage::kCalling, outcome);
  errno = kErrnoSentinel;
  void* const result = Invoke(operation, argument, outcome);
  outcome->errno_after = errno;
  outcome->address = reinterpret_cast<std::uintptr_t>(result);

  if (operation.entry == Entry::kFree) {
    if (old_block == kNoBlock) return;
    Remove(old_block);
    slots_[operation.argument] = 0;
  } else if (AssignsSlot(operation.entry)) {
    if (result != nullptr) {
      Adopt(index, operation, outcome, old_block);
    } else {
      AfterFailure(operation, old_block, outcome);
    }
  }
}

void* Executor::Invoke(const Operation& operation, void* argument, Outcome* outcome) {
  const std::uint64_t size = operation.size;
  switch (operation.entry) {
    case Entry::kMalloc: return family_.malloc(size);
    case Entry::kCalloc: return family_.calloc(operation.count, size);
    case Entry::kRealloc: return family_.realloc(argument, size);
    case Entry::kReallocarray: return family_.reallocarray(argument, operation.count, size);
    case Entry::kMemalign: return family_.memalign(operation.alignment, size);
    case Entry::kAlignedAlloc: return family_.aligned_alloc(operation.alignment, size);
    case Entry::kValloc: return family_.valloc(size);
    case Entry::kPvalloc: return family_.pvalloc(size);
    case Entry::kFree:
      family_.free(argument);
      return nullptr;
    case Entry::kPosixMemalign: {
      void* result = nullptr;
      outcome->status = family_.posix_memalign(&result, operation.alignment, size);
      return outcome->status == 0 ? result : nullptr;
    }
    case Entry::kUsableSize:
      if (family_.malloc_usable_size != nullptr) outcome->usable = family_.malloc_usable_size(argument);
      return nullptr;
  }
  return nullptr;
}

// The call succeeded: its result becomes a live block, and realloc's old one ends.
void Executor::Adopt(std::uint32_t index, const Operation& operation, Outcome* outcome,
                     std::uint32_t old_block) {
  Block& block = blocks_[index];
  block.address = reinterpret_cast<void*>(outcome->address);
  block.payload = PayloadOf(operation);
  block.usable = block.payload;
  if (family_.malloc_usable_size != nullptr) {
    Enter(Stage::kAskingUsable, outcome);
    outcome->usable = block.reported = family_.malloc_usable_size(block.address);
    if (block.reported > block.payload && block.reported - block.payload <= kLargestSlack) {
      block.usable = block.reported;
    }
  }
  Enter(Stage::kInspecting, outcome);
  Inspect(operation, block.payload, old_block, outcome);
  if (old_block != kNoBlock) {
    Remove(old_block);
    slots_[operation.argument] = 0;
  }
  FillBlock(index, outcome);
  Insert(index);
  if (operation.result != kNullSlot) slots_[operation.result] = index + 1;
}

void Executor::Inspect(const Operation& operation, std::uint64_t payload, std::uint32_t old_block,
                       Outcome* outcome) {
  const void* const result = reinterpret_cast<const void*>(outcome->address);
  if (operation.entry == Entry::kCalloc) {
    const std::uint64_t at = FirstNonZero(result, payload);
    if (at != payload) {
      Found(Finding::kNotZero, UINT32_MAX, at, 0, ByteAt(result, at), outcome);
    }
  } else if (old_block != kNoBlock) {
    Unchanged(Finding::kPrefixLost, result, old_block, 0, blocks_[old_block].payload, payload, outcome);
  }
}

void Executor::FillBlock(std::uint32_t index, Outcome* outcome) {
  const Block& block = blocks_[index];
  Enter(Stage::kWritingPayload, outcome);
  Fill(block.address, SeedOf(index), 0, block.payload);
  Enter(Stage::kWritingSlack, outcome);
  Fill(block.address, SeedOf(index), block.payload, block.usable);
}

// The call returned NULL. An old block lives on, unless realloc to size 0 may have freed it.
void Executor::AfterFailure(const Operation& operation, std::uint32_t old_block, Outcome* outcome) {
  if (old_block != kNoBlock) {
    const bool freed = operation.size == 0 || operation.count == 0;
    if (freed) {
      Remove(old_block);
      slots_[operation.argument] = 0;
    } else {
      Enter(Stage::kInspecting, outcome);
      const Block& block = blocks_[old_block];
      Unchanged(Finding::kChangedByFailedCall, block.address, old_block, 0, block.payload, block.payload,
                outcome);
      if (operation.result == operation.argument) return;  // p = realloc(p, n) that failed keeps p
    }
  }
  if (operation.result != kNullSlot) slots_[operation.result] = 0;
}

void Executor::VerifyBlock(std::uint32_t index, Outcome* outcome) {
  Block& block = blocks_[index];
  bool intact = Unchanged(Finding::kPayloadChanged, block.address, index, 0, block.payload, block.payload,
                          outcome);
  intact &= Unchanged(Finding::kSlackChanged, block.address, index, block.payload, block.usable,
                      block.usable, outcome);
  // Reported once: what is wrong now would otherwise be found again by every later look.
  if (intact) return;
  FillBlock(index, outcome);
  Enter(Stage::kReadingBytes, outcome);
}

void Executor::VerifyUsable(std::uint32_t index, Outcome* outcome) {
  Block& block = blocks_[index];
  if (family_.malloc_usable_size == nullptr) return;
  Enter(Stage::kAskingUsableBefore, outcome);
  const std::uint64_t now = family_.malloc_usable_size(block.address);
  if (now != block.reported) Found(Finding::kUsableChanged, index, 0, block.reported, now, outcome);
}

// One live block an operation, in turn: damage is noticed near its cause at a constant price.
void Executor::VerifyNext(Outcome* outcome) {
  constexpr std::uint64_t kCheap = 4096;
  if (live_count_ == 0) return;
  if (next_to_verify_ >= live_count_) next_to_verify_ = 0;
  const std::uint32_t index = live_[next_to_verify_++];
  if (blocks_[index].usable <= kCheap) VerifyBlock(index, outcome);
}

void Executor::VerifyAll(Outcome* outcome) {
  for (std::uint32_t i = 0; i < live_count_; ++i) VerifyBlock(live_[i], outcome);
}

void Executor::Insert(std::uint32_t index) {
  blocks_[index].live_position = live_count_;
  live_[live_count_++] = index;
}

void Executor::Remove(std::uint32_t index) {
  const Block& block = blocks_[index];
  const std::uint32_t last = live_[--live_count_];
  live_[block.live_position] = last;
  blocks_[last].live_position = block.live_position;
}

}  // namespace breakproof::harness
