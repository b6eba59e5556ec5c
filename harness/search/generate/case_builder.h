// Builds a case step by step, keeping count of what should be live if the subject serves every request.
//
// What the subject does in fact is not known here, and need not be: an operation on a slot that turned out
// NULL is a legal operation too.
#pragma once

#include <cstdint>
#include <vector>

#include "harness/case/case.h"
#include "harness/search/generate/random.h"
#include "harness/case/operation/operation.h"

namespace breakproof::harness {

// Bits by model::Entry: entry points that may be generated.
using EntrySet = std::uint32_t;
inline constexpr EntrySet kAllEntries = (1u << model::kEntryCount) - 1;

class CaseBuilder {
 public:
  // Live payload at most `live_budget` bytes, at most `most_operations` operations, on t0 to t(threads - 1).
  CaseBuilder(Random random, EntrySet entries, std::uint32_t most_operations, std::uint64_t live_budget, int threads);

  // What is written into blocks from now on; without it, every block gets its pattern. Draws of its own, so that the
  // operations are otherwise the same.
  void DrawContents(Random random);

  Random& random() { return random_; }
  bool IsFull() const { return case_.operations.size() >= most_operations_; }
  std::size_t LiveCount() const { return live_.size(); }

  void OnThread(int thread) { thread_ = static_cast<std::uint8_t>(thread); }
  int AnyThread() { return static_cast<int>(random_.Below(static_cast<std::uint64_t>(threads_))); }
  // Any but this one, if there are others.
  int AnotherThread(int thread);
  void ExitThread();  // of the current thread, unless it is t0; back to t0

  // Allocations. Makes room first where the live budget asks for it; an entry point that is not allowed
  // becomes malloc. An operator new that throws becomes one that does not while the kernel refuses calls: an exception
  // may end the process, and the case with it.
  Slot Allocate(model::Entry entry, std::uint64_t size, std::uint64_t alignment = 0);
  Slot AllocateArray(model::Entry entry, std::uint64_t count, std::uint64_t size);
  // An allocation that must fail; nothing becomes live.
  void AllocateHopelessly(model::Entry entry, std::uint64_t count, std::uint64_t size,
                          std::uint64_t alignment);

  // On a slot that is not live (the live budget may have freed it) these do nothing.
  // realloc into the same slot. What operator new made is left alone.
  void Reallocate(Slot slot, std::uint64_t size);
  // realloc that must fail: the block stays.
  void ReallocateHopelessly(Slot slot, std::uint64_t size);
  void Free(Slot slot);  // by free or one of C23's; what operator new made by operator delete
  void FreeBy(model::Entry entry, Slot slot);
  void Touch(Slot slot, std::uint64_t offset, std::uint64_t length);
  void FreeNull();
  // An operation that takes at most a size: malloc_trim, clock, fork, start.
  void Do(OperationKind kind, std::uint64_t size = 0);
  void UsableSize(Slot slot);
  void Check();
  void SetOption(model::Option option, std::uint64_t value);  // value at most INT32_MAX
  void MoveBreak(std::int64_t bytes);
  // From here on the kernel refuses `calls` calls of a type (a CallType; kCallTypes: any); 0: none any more.
  void Refuse(int type, std::uint64_t calls);

  Slot AnyLive() { return live_[random_.Below(live_.size())]; }  // LiveCount() > 0
  std::uint64_t SizeOf(Slot slot) const { return size_of_[slot]; }
  void FreeEverything();

  // The case, with a final look at every live block.
  Case Finish();

 private:
  static constexpr std::uint32_t kNotLive = UINT32_MAX;

  // What programs do with their blocks: one of these for a case.
  enum class Habit { kPattern, kAnything, kLeaveAlone, kHostile };
  Content NextContent(bool is_resized);
  void MoveBytes();

  bool IsLive(Slot slot) const { return position_[slot] != kNotLive; }
  bool IsAllowed(model::Entry entry) const { return entries_ >> static_cast<int>(entry) & 1; }
  model::Entry AnyFree(model::Entry maker) const;
  Operation NewOperation(model::Entry entry) const;
  void MakeRoom(std::uint64_t size);
  Slot NewLiveSlot(std::uint64_t size, model::Entry maker);
  void Forget(Slot slot);

  Random random_;
  Random contents_ = Random(0);
  Habit habit_ = Habit::kPattern;
  EntrySet entries_;
  std::uint32_t most_operations_;
  std::uint64_t live_budget_;
  int threads_;
  std::uint8_t thread_ = 0;
  Case case_;
  std::vector<Slot> live_;
  std::vector<std::uint32_t> position_;  // by slot: index in live_, or kNotLive
  std::vector<std::uint64_t> size_of_;   // by slot
  std::vector<model::Entry> maker_of_;   // by slot
  std::vector<Slot> free_slots_;         // to use names again
  std::uint64_t live_bytes_ = 0;
  bool is_refusing_ = false;             // the kernel, from some Refuse on
};

}  // namespace breakproof::harness
