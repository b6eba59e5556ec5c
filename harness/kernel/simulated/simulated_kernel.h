// The simulated kernel: the model decides, real pages obey.
//
// A subject calls it through table(). It can refuse any call, move the break behind the subject's back, block
// the break, and make growth non-contiguous. Mappings of descriptors are refused with EBADF: there are none.
// Uses ordinary malloc, so a subject must not be the malloc of the process. Calls are serialised by a mutex.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "harness/kernel/simulated/kernel_table.h"
#include "harness/kernel/simulated/real_pages.h"
#include "harness/kernel/simulated/refusals.h"
#include "model/kernel/kernel.h"

namespace breakproof::harness {

inline constexpr model::Word kWindowAddress = 0x7e9000000000;

struct SimulatedKernelOptions {
  model::Word window_size = model::Word{16} << 30;  // bytes, whole pages
  model::Word break_offset = model::kPage;          // S, bytes from the window's start, whole pages
  OfferedPages offered = OfferedPages::kDropped;
  // A page on either side of every mapping that the kernel places stays free, so that whoever overruns it is stopped.
  bool guards_mappings = false;
  Unmapped unmapped = Unmapped::kForbidden;
};

// One call as the subject made it, and its answer. Addresses are absolute.
struct LoggedCall {
  CallType type = CallType::kBreak;
  model::Call call;       // operands
  model::Word value = 0;  // address, old break or 0; ~0 on failure
  int error = 0;          // errno, 0 on success
  bool refused = false;   // on demand, not by the model
  bool foreign = false;   // not the subject's
  bool outside = false;   // concerns addresses outside the window: never legal; mmap and mremap are stopped
};

class SimulatedKernel {
 public:
  explicit SimulatedKernel(const SimulatedKernelOptions& options = {});

  // For the subject. Valid as long as the kernel lives.
  KernelTable table();

  // Forgets everything: nothing mapped, break at S, no limits, refusals, gap or log. Measured in the README.
  void Reset();

  // --- on demand ----------------------------------------------------------------------------------------
  void Refuse(const Refusal& refusal);
  // From here on the next `count` calls of the type are refused (a CallType, kCallTypes for any; UINT64_MAX: all).
  void RefuseNext(int type, std::uint64_t count);
  // From here on nothing is refused that the state of the kernel allows.
  void RefuseNothing() { refusals_.RefuseNothing(); }
  // From here on nobody looks at what memory holds any more, so that discarding it need not change that.
  void KeepDiscarded() { pages_.KeepDiscarded(); }
  // sbrk by somebody else: not counted, not refused on demand. Returns what sbrk returns.
  void* ForeignSbrk(std::intptr_t increment);
  // Whether a move by somebody else is none that takes memory from the subject: upwards, or of foreign memory only.
  bool MayMoveForeignBreak(std::intptr_t increment) const;
  // A mapping of somebody else, so that the break can grow by at most `room` bytes (rounded down to pages)
  // from where it is (B8). False if something is mapped there.
  bool BlockBreak(model::Word room);
  // Before every growth of the break by the subject, somebody else moves it up by `bytes`. 0: never.
  void SetGapBeforeGrowth(model::Word bytes) { gap_before_growth_ = bytes; }
  void SetLimits(const model::Limits& limits) { kernel_->state().limits = limits; }
  // Overcommit: the largest single charge, bytes (L9).
  void SetLargestCharge(model::Word bytes) { machine_.largest_charge = bytes / model::kPage; }

  // --- what happened --------------------------------------------------------------------------------------
  const std::vector<LoggedCall>& log() const { return log_; }
  const RefusalPlan& refusals() const { return refusals_; }
  const model::State& state() const { return kernel_->state(); }
  model::Range window() const { return machine_.window; }
  // Is every byte of [address, address + size) mapped read-write, and not somebody else's mapping (H1)?
  bool IsGranted(model::Word address, model::Word size) const;

 private:
  friend struct TableFunctions;
  // A call of the subject: counted, perhaps refused, logged.
  model::Result Answer(CallType type, const model::Call& call);
  // The call without counting and refusing: decided by the model, carried out on the pages.
  model::Result Perform(const model::Call& call);
  model::Result GrowGuarded(const model::Call& call);
  model::Result Decide(const model::Call& call);
  void MoveForeignBreak(std::intptr_t increment);
  void ForgetForeignAbove(model::Word old_break, model::Word new_break);

  SimulatedKernelOptions options_;
  RealPages pages_;
  model::Machine machine_;
  std::unique_ptr<model::Kernel> kernel_;
  RefusalPlan refusals_;
  model::Word gap_before_growth_ = 0;
  std::vector<LoggedCall> log_;
  std::vector<model::Range> foreign_;  // ranges that belong to somebody else
  std::mutex mutex_;
};

}  // namespace breakproof::harness
