#include "harness/execute/executor.h"

#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "harness/execute/cpp_operators.h"
#include "harness/execute/payload.h"
#include "harness/execute/poison.h"

namespace breakproof::harness {
namespace {

using model::Entry;

constexpr std::uint8_t kNoAlignment = 255;
constexpr std::uint64_t kNotAsked = UINT64_MAX;  // for a usable size
constexpr int kChildSawDamage = 1;  // exit code of a fork's child

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

// Also of a block that is hidden.
__attribute__((no_sanitize("address"))) std::uint8_t ByteAt(const void* base, std::uint64_t offset) {
  return static_cast<const std::uint8_t*>(base)[offset];
}

__attribute__((no_sanitize("address"))) void SetByteAt(void* base, std::uint64_t offset, std::uint8_t byte) {
  static_cast<std::uint8_t*>(base)[offset] = byte;
}
constexpr std::uint64_t kWord = sizeof(std::uint64_t);
// Also of a block that is hidden. A load, not a call: two are made with every block that comes and goes.
__attribute__((no_sanitize("address"))) std::uint64_t WordAt(std::uint64_t address) {
  std::uint64_t word;
  __builtin_memcpy(&word, reinterpret_cast<const void*>(address), kWord);
  return word;
}

// Of a block that is filled with its pattern.
bool Unchanged(Finding finding, const void* base, std::uint32_t block, std::uint64_t begin,
               std::uint64_t end, std::uint64_t limit, Outcome* outcome) {
  const std::uint64_t seed = SeedOf(block);
  const std::uint64_t at = FirstChanged(base, seed, begin, end, limit);
  if (at == end) return true;
  Found(finding, block, at, PatternByte(seed, at), ByteAt(base, at), outcome);
  return false;
}

// Of one that is remembered as a copy of [begin, end).
bool LikeCopy(Finding finding, const void* base, const std::uint8_t* copy, std::uint32_t block, std::uint64_t begin,
                   std::uint64_t end, std::uint64_t limit, Outcome* outcome) {
  const std::uint64_t at = FirstUnlikeCopy(base, copy, begin, end, limit);
  if (at == end) return true;
  Found(finding, block, at, CopiedByte(copy, begin, end, at), ByteAt(base, at), outcome);
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

Executor::Executor(const MallocFamily& family, void* books, void* snapshots, std::uint32_t operation_count,
                   std::uint32_t /*slot_count*/)
    : family_(family),
      blocks_(static_cast<Block*>(books)),
      live_(reinterpret_cast<std::uint32_t*>(blocks_ + operation_count)),
      slots_(live_ + operation_count),
      snapshots_(snapshots) {}

Executor::~Executor() {
  if (!kHidesBlocks) return;
  for (std::uint32_t i = 0; i < live_count_; ++i) ShowBlock(live_[i]);
}

void Executor::ShowBlock(std::uint32_t index) { Show(blocks_[index].address, blocks_[index].usable); }
void Executor::HideBlock(std::uint32_t index) { Hide(blocks_[index].address, blocks_[index].usable); }

// In the order of OperationKind: what an operation means is its function.
const Executor::Meaning Executor::kPerform[kOperationKinds] = {
    &Executor::Call,      &Executor::Nothing, &Executor::Check, &Executor::SetOption,
    &Executor::MoveBreak, &Executor::Nothing, &Executor::Touch, &Executor::Trim,
    &Executor::AdvanceClock, &Executor::RefuseCalls, &Executor::BlockBreak, &Executor::Fork,
    &Executor::Write, &Executor::Copy};

void Executor::Perform(std::uint32_t index, const Operation& operation, Outcome* outcome) {
  (this->*kPerform[static_cast<int>(operation.kind)])(index, operation, outcome);
  Enter(Stage::kDone, outcome);
}

void Executor::FreeEverything() {
  while (live_count_ > 0) {
    const std::uint32_t block = live_[live_count_ - 1];
    Remove(block);
    ShowBlock(block);
    End(Entry::kFree, blocks_[block].address, block);
  }
}

// Threads are started and ended by whoever runs them.
void Executor::Nothing(std::uint32_t, const Operation&, Outcome*) {}

void Executor::Check(std::uint32_t, const Operation&, Outcome* outcome) {
  Enter(Stage::kReadingBytes, outcome);
  VerifyAll(outcome);
}

void Executor::SetOption(std::uint32_t, const Operation& operation, Outcome* outcome) {
  Enter(Stage::kCalling, outcome);
  if (family_.mallopt == nullptr) return;
  outcome->status = family_.mallopt(NumberOf(operation.option), static_cast<int>(operation.size));
}

// By libc's function: a raw call behind it would leave it with a stale idea of the break.
void Executor::MoveBreak(std::uint32_t, const Operation& operation, Outcome* outcome) {
  Enter(Stage::kCalling, outcome);
  if (family_.sbrk == nullptr) return;
  outcome->address = reinterpret_cast<std::uintptr_t>(family_.sbrk(static_cast<std::intptr_t>(operation.size)));
}

void Executor::Trim(std::uint32_t, const Operation& operation, Outcome* outcome) {
  Enter(Stage::kCalling, outcome);
  if (family_.malloc_trim != nullptr) outcome->status = family_.malloc_trim(operation.size);
}

void Executor::AdvanceClock(std::uint32_t, const Operation& operation, Outcome*) {
  if (family_.advance_clock != nullptr) family_.advance_clock(operation.size);
}

void Executor::RefuseCalls(std::uint32_t, const Operation& operation, Outcome*) {
  if (family_.refuse_calls != nullptr) family_.refuse_calls(operation.call_type, operation.size);
}

void Executor::BlockBreak(std::uint32_t, const Operation& operation, Outcome*) {
  if (family_.block_break != nullptr) family_.block_break(operation.size);
}

// Bytes other than the block's own are written and read back, so that memory that two blocks share, or that lost
// what was written, is noticed here. Longer blocks are filled in stripes: only the range itself can be verified.
void Executor::Touch(std::uint32_t, const Operation& operation, Outcome* outcome) {
  const std::uint32_t index = BlockIn(operation.argument);
  if (index == kNoBlock) return;
  const Block& block = blocks_[index];
  outcome->argument = reinterpret_cast<std::uintptr_t>(block.address);
  const std::uint64_t begin = operation.count < block.payload ? operation.count : block.payload;
  const std::uint64_t length = operation.size < block.payload - begin ? operation.size : block.payload - begin;
  const std::uint64_t end = begin + (length < kFullLength ? length : kFullLength);
  Enter(Stage::kReadingBytes, outcome);
  if (block.snapshot != nullptr) {
    VerifyBlock(index, outcome);
  } else if (block.payload <= kFullLength) {
    Unchanged(Finding::kPayloadChanged, block.address, index, begin, end, end, outcome);
  }
  const std::uint64_t other_seed = ~SeedOf(index);
  Enter(Stage::kWritingPayload, outcome);
  Fill(block.address, other_seed, begin, end);
  asm volatile("" ::: "memory");  // the bytes are read back from memory
  Enter(Stage::kReadingBytes, outcome);
  const std::uint64_t at = FirstChanged(block.address, other_seed, begin, end, end);
  if (at != end) {
    Found(Finding::kNotWritten, index, at, PatternByte(other_seed, at), ByteAt(block.address, at), outcome);
  }
  Enter(Stage::kWritingPayload, outcome);
  Fill(block.address, SeedOf(index), begin, end);
  // What stood there is not restored where it is no pattern: the block is now written in part.
  if (block.snapshot != nullptr) Remember(&blocks_[index]);
}

void Executor::Write(std::uint32_t, const Operation& operation, Outcome* outcome) {
  const std::uint32_t index = BlockIn(operation.argument);
  if (index == kNoBlock) return;
  outcome->argument = reinterpret_cast<std::uintptr_t>(blocks_[index].address);
  Enter(Stage::kReadingBytes, outcome);
  VerifyBlock(index, outcome);
  WriteBlock(index, operation.content, outcome);
}

// As memcpy does. Of long blocks the beginning.
void Executor::Copy(std::uint32_t, const Operation& operation, Outcome* outcome) {
  const std::uint32_t from = BlockIn(operation.argument), to = BlockIn(operation.result);
  if (from == kNoBlock || to == kNoBlock || from == to) return;
  Block& target = blocks_[to];
  outcome->argument = reinterpret_cast<std::uintptr_t>(target.address);
  Enter(Stage::kReadingBytes, outcome);
  VerifyBlock(from, outcome);
  VerifyBlock(to, outcome);
  if (!Reserve(&target)) return;
  std::uint64_t length = target.payload < blocks_[from].payload ? target.payload : blocks_[from].payload;
  if (length > kFullLength) length = kFullLength;
  Enter(Stage::kWritingPayload, outcome);
  CopyBytes(target.address, blocks_[from].address, length);
  Remember(&target);
}

void Executor::Fork(std::uint32_t, const Operation&, Outcome* outcome) {
  Enter(Stage::kCalling, outcome);
  if (family_.fork == nullptr) return;
  const int child = family_.fork();
  if (child == 0) LiveInChild();
  if (child < 0) return;  // the system is short of processes: no fault of the subject
  // Without limit: whoever started this process ends it when an operation takes too long.
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (status != 0) Found(Finding::kChildFailed, kNoBlock, 0, 0, static_cast<std::uint64_t>(status), outcome);
}

// A copy of this process with this thread alone. What it sees must not go into the shared journal.
void Executor::LiveInChild() {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  Outcome seen;
  VerifyAll(&seen);
  FreeEverything();
  constexpr std::uint64_t kSizes[] = {1, 24, 100, 1000, 5000, 40000, 300000};
  constexpr int kRounds = 20;
  void* blocks[kRounds] = {};
  for (const std::uint64_t size : kSizes) {
    for (int i = 0; i < kRounds; ++i) {
      blocks[i] = family_.malloc(size);
      if (blocks[i] != nullptr) Fill(blocks[i], SeedOf(static_cast<std::uint32_t>(i)), 0, size);
    }
    for (int i = 0; i < kRounds; ++i) {
      const std::uint64_t seed = SeedOf(static_cast<std::uint32_t>(i));
      if (blocks[i] != nullptr && FirstChanged(blocks[i], seed, 0, size, size) != size) _exit(kChildSawDamage);
      family_.free(blocks[i]);
    }
  }
  _exit(seen.finding == Finding::kNone ? 0 : kChildSawDamage);
}

std::uint32_t Executor::BlockIn(Slot slot) const {
  return slot == kNullSlot ? kNoBlock : slots_[slot] - 1;  // 0 - 1 is kNoBlock: the slot is NULL
}

// realloc must not be given what operator new made.
std::uint32_t Executor::ArgumentBlock(const Operation& operation) const {
  const std::uint32_t block = ReadsSlot(operation.entry) ? BlockIn(operation.argument) : kNoBlock;
  const bool is_forbidden = block != kNoBlock && Reallocates(operation.entry) && model::IsNew(blocks_[block].maker);
  return is_forbidden ? kNoBlock : block;
}

void Executor::Call(std::uint32_t index, const Operation& operation, Outcome* outcome) {
  const std::uint32_t old_block = ArgumentBlock(operation);
  void* const argument = old_block == kNoBlock ? nullptr : blocks_[old_block].address;
  outcome->argument = reinterpret_cast<std::uintptr_t>(argument);

  Enter(Stage::kReadingBytes, outcome);
  if (old_block != kNoBlock) VerifyBlock(old_block, outcome);
  VerifyNext(outcome);

  // Only what the call is about may be looked at by the subject.
  if (old_block != kNoBlock) ShowBlock(old_block);
  if (old_block != kNoBlock && operation.entry != Entry::kUsableSize) NoteFreed(blocks_[old_block]);
  if (old_block != kNoBlock && operation.entry != Entry::kUsableSize) VerifyUsable(old_block, outcome);
  Enter(Stage::kCalling, outcome);
  errno = ErrnoBefore(operation);
  void* const result = Invoke(operation, argument, old_block, outcome);
  outcome->errno_after = errno;
  outcome->address = reinterpret_cast<std::uintptr_t>(result);

  if (operation.entry == Entry::kUsableSize) {
    if (old_block != kNoBlock) HideBlock(old_block);
  } else if (model::Frees(operation.entry)) {
    if (old_block == kNoBlock) return;
    Forget(&blocks_[old_block]);
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

// By the entry point, if it may end a block that was made so: what operator new made is operator delete's.
void Executor::End(Entry entry, void* argument, std::uint32_t index) {
  const bool is_null = index == kNoBlock;
  const Entry maker = is_null ? Entry::kNew : blocks_[index].maker;
  if (!model::IsNew(maker) || (is_null && !model::IsDelete(entry))) return FreeWithSize(entry, argument, index);
  const std::uint64_t alignment = is_null ? 1 : 1ull << blocks_[index].alignment_log2;
  Delete(family_, entry, maker, argument, is_null ? 0 : blocks_[index].payload, alignment);
}

// C23 7.24.3.4 and .5: the first takes what malloc, calloc and realloc made, the second what aligned_alloc made, both
// told exactly what was asked for. Anything else would be the caller's fault, so it goes to free.
void Executor::FreeWithSize(Entry entry, void* argument, std::uint32_t index) {
  const bool is_null = index == kNoBlock;
  const std::uint64_t size = is_null ? 0 : blocks_[index].payload;
  const Entry maker = is_null ? Entry::kAlignedAlloc : blocks_[index].maker;
  const bool is_plain = maker == Entry::kMalloc || maker == Entry::kCalloc || Reallocates(maker);
  if (entry == Entry::kFreeSized && family_.free_sized != nullptr && (is_null || is_plain)) {
    return family_.free_sized(argument, size);
  }
  const bool is_told = is_null || (maker == Entry::kAlignedAlloc && blocks_[index].alignment_log2 != kNoAlignment);
  if (entry == Entry::kFreeAlignedSized && family_.free_aligned_sized != nullptr && is_told) {
    const int log2 = is_null ? 4 : blocks_[index].alignment_log2;
    return family_.free_aligned_sized(argument, std::size_t{1} << log2, size);
  }
  family_.free(argument);
}

void* Executor::Invoke(const Operation& operation, void* argument, std::uint32_t old_block, Outcome* outcome) {
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
    case Entry::kPosixMemalign: {
      void* result = nullptr;
      outcome->status = family_.posix_memalign(&result, operation.alignment, size);
      return outcome->status == 0 ? result : nullptr;
    }
    case Entry::kUsableSize:
      if (family_.malloc_usable_size != nullptr) outcome->usable = family_.malloc_usable_size(argument);
      return nullptr;
    default:
      if (model::IsNew(operation.entry)) return New(family_, operation.entry, size, NewAlignment(operation.alignment));
      End(operation.entry, argument, old_block);
      return nullptr;
  }
}

// Most programs never ask; of a block that its program leaves alone nothing is asked here either.
bool Executor::AsksUsable(Content content) const {
  return family_.malloc_usable_size != nullptr && (content != Content::kUntouched || family_.is_always_asked);
}

// The call succeeded: its result becomes a live block, and realloc's old one ends.
void Executor::Adopt(std::uint32_t index, const Operation& operation, Outcome* outcome,
                     std::uint32_t old_block) {
  Block& block = blocks_[index];
  block.address = reinterpret_cast<void*>(outcome->address);
  block.payload = PayloadOf(operation);
  block.usable = block.payload;
  block.reported = kNotAsked;
  block.maker = operation.entry;
  const std::uint64_t alignment = model::IsNew(operation.entry) ? NewAlignment(operation.alignment) : operation.alignment;
  const bool is_power = __builtin_popcountll(alignment) == 1;
  block.alignment_log2 = is_power ? static_cast<std::uint8_t>(__builtin_ctzll(alignment)) : kNoAlignment;
  if (AsksUsable(operation.content)) {
    Enter(Stage::kAskingUsable, outcome);
    outcome->usable = block.reported = family_.malloc_usable_size(block.address);
    if (block.reported > block.payload && block.reported - block.payload <= kLargestSlack) {
      block.usable = block.reported;
    }
  }
  Enter(Stage::kInspecting, outcome);
  if (old_block == kNoBlock) NoteHandedOut(block);
  Inspect(operation, block.payload, old_block, outcome);
  if (old_block != kNoBlock) {
    Forget(&blocks_[old_block]);
    Remove(old_block);
    slots_[operation.argument] = 0;
  }
  WriteBlock(index, operation.content, outcome);
  HideBlock(index);
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
    PayloadHolds(Finding::kPrefixLost, old_block, result, payload, outcome);
  }
}

void Executor::FillBlock(std::uint32_t index, Outcome* outcome) {
  const Block& block = blocks_[index];
  Enter(Stage::kWritingPayload, outcome);
  Fill(block.address, SeedOf(index), 0, block.payload);
  Enter(Stage::kWritingSlack, outcome);
  Fill(block.address, SeedOf(index), block.payload, block.usable);
}

// Where there is no room to remember what a block holds, the block gets its pattern.
void Executor::WriteBlock(std::uint32_t index, Content content, Outcome* outcome) {
  Block& block = blocks_[index];
  Enter(Stage::kWritingPayload, outcome);
  if (content == Content::kPattern || !Reserve(&block)) {
    Forget(&block);
    return FillBlock(index, outcome);
  }
  WritePart(block, SeedOf(index), content);
  Remember(&block);
}

void Executor::WritePart(const Block& block, std::uint64_t seed, Content content) {
  const std::uint64_t payload = block.payload;
  switch (content) {
    case Content::kFirstWordLeft:
      if (payload > kWord) Fill(block.address, seed, kWord, payload);
      return;
    case Content::kLastByte:
      if (payload > 0) SetByteAt(block.address, payload - 1, PatternByte(seed, payload - 1));
      return;
    case Content::kFirstHalf: return Fill(block.address, seed, 0, payload / 2);
    case Content::kZero: return FillZero(block.address, payload);
    case Content::kHostile: return WriteHostile(block);
    case Content::kPattern:
    case Content::kUntouched: return;
  }
}

void Executor::WriteHostile(const Block& block) {
  const auto address = reinterpret_cast<std::uintptr_t>(block.address);
  ForEachCovered(0, block.payload, [&](std::uint64_t from, std::uint64_t to) {
    for (std::uint64_t at = (from + kWord - 1) / kWord * kWord; at + kWord <= to; at += kWord) {
      const std::uint64_t word = hostile_.WordFor(address + at, hostile_words_++);
      CopyBytes(static_cast<char*>(block.address) + at, &word, kWord);
    }
    return true;
  });
}

void Executor::NoteHandedOut(const Block& block) {
  const auto address = reinterpret_cast<std::uintptr_t>(block.address);
  for (std::uint64_t at = 0; at < HostileWords::kWords * kWord && at + kWord <= block.usable; at += kWord) {
    hostile_.Found(address + at, WordAt(address + at));
  }
}

void Executor::NoteFreed(const Block& block) {
  const auto address = reinterpret_cast<std::uintptr_t>(block.address);
  for (std::uint64_t at = 0; at < HostileWords::kWords * kWord && at + kWord <= block.usable; at += kWord) {
    hostile_.Left(address + at, WordAt(address + at));
  }
  hostile_.Freed(address);
}

namespace {
std::uint64_t SnapshotBytes(std::uint64_t payload, std::uint64_t usable) {
  return CoveredBytes(0, payload) + CoveredBytes(payload, usable);
}
}  // namespace

// Room for a snapshot, which is to be taken next; false if there is none.
bool Executor::Reserve(Block* block) {
  if (block->snapshot == nullptr) block->snapshot = snapshots_.Take(SnapshotBytes(block->payload, block->usable));
  return block->snapshot != nullptr;
}

// The snapshot becomes what the block holds now.
void Executor::Remember(Block* block) {
  TakeCopy(block->address, 0, block->payload, block->snapshot);
  TakeCopy(block->address, block->payload, block->usable, block->snapshot + CoveredBytes(0, block->payload));
}

void Executor::Forget(Block* block) {
  if (block->snapshot == nullptr) return;
  snapshots_.GiveBack(block->snapshot, SnapshotBytes(block->payload, block->usable));
  block->snapshot = nullptr;
}

// The call returned NULL. An old block lives on, unless realloc to size 0 may have freed it.
void Executor::AfterFailure(const Operation& operation, std::uint32_t old_block, Outcome* outcome) {
  if (old_block != kNoBlock) {
    const bool freed = operation.size == 0 || operation.count == 0;
    if (freed) {
      Forget(&blocks_[old_block]);
      Remove(old_block);
      slots_[operation.argument] = 0;
    } else {
      Enter(Stage::kInspecting, outcome);
      const Block& block = blocks_[old_block];
      PayloadHolds(Finding::kChangedByFailedCall, old_block, block.address, block.payload, outcome);
      HideBlock(old_block);
      if (operation.result == operation.argument) return;  // p = realloc(p, n) that failed keeps p
    }
  }
  if (operation.result != kNullSlot) slots_[operation.result] = 0;
}

bool Executor::PayloadHolds(Finding finding, std::uint32_t index, const void* base, std::uint64_t limit, Outcome* outcome) {
  const Block& block = blocks_[index];
  if (block.snapshot == nullptr) return Unchanged(finding, base, index, 0, block.payload, limit, outcome);
  return LikeCopy(finding, base, block.snapshot, index, 0, block.payload, limit, outcome);
}

bool Executor::SlackHolds(std::uint32_t index, Outcome* outcome) {
  const Block& block = blocks_[index];
  constexpr Finding kFinding = Finding::kSlackChanged;
  if (block.snapshot == nullptr) {
    return Unchanged(kFinding, block.address, index, block.payload, block.usable, block.usable, outcome);
  }
  const std::uint8_t* const copy = block.snapshot + CoveredBytes(0, block.payload);
  return LikeCopy(kFinding, block.address, copy, index, block.payload, block.usable, block.usable, outcome);
}

// Payload and slack at once, where both are covered whole: what is covered of longer ones is counted from where each begins.
bool Executor::HoldsQuickly(std::uint32_t index) const {
  const Block& block = blocks_[index];
  if (block.usable > kFullLength) return false;
  const std::uint64_t at = block.snapshot == nullptr
                               ? FirstChanged(block.address, SeedOf(index), 0, block.usable, block.usable)
                               : FirstUnlikeCopy(block.address, block.snapshot, 0, block.usable, block.usable);
  return at == block.usable;
}

void Executor::VerifyBlock(std::uint32_t index, Outcome* outcome) {
  if (HoldsQuickly(index)) return;
  Block& block = blocks_[index];
  bool holds = PayloadHolds(Finding::kPayloadChanged, index, block.address, block.payload, outcome);
  holds &= SlackHolds(index, outcome);
  if (holds) return;
  // Reported once: what is wrong now would otherwise be found again by every later look.
  if (block.snapshot == nullptr) {
    FillBlock(index, outcome);
  } else {
    Remember(&block);
  }
  Enter(Stage::kReadingBytes, outcome);
}

void Executor::VerifyUsable(std::uint32_t index, Outcome* outcome) {
  Block& block = blocks_[index];
  if (block.reported == kNotAsked || family_.malloc_usable_size == nullptr) return;
  Enter(Stage::kAskingUsableBefore, outcome);
  const std::uint64_t now = family_.malloc_usable_size(block.address);
  if (now != block.reported) Found(Finding::kUsableChanged, index, 0, block.reported, now, outcome);
}

// One live block an operation, in turn: damage is noticed near its cause at a constant price. Where blocks are hidden, who
// damages one is stopped when he does, and looks are rarer.
void Executor::VerifyNext(Outcome* outcome) {
  constexpr std::uint64_t kCheap = 4096;
  constexpr std::uint32_t kLooksOneIn = kHidesBlocks ? 4 : 1;
  if (live_count_ == 0 || ++operations_ % kLooksOneIn != 0) return;
  if (next_to_verify_ >= live_count_) next_to_verify_ = 0;
  const std::uint32_t index = live_[next_to_verify_++];
  if (next_to_verify_ < live_count_) __builtin_prefetch(blocks_[live_[next_to_verify_]].address);
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
