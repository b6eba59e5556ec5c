// The command's side of a monitored worker's log (layout.h).
#pragma once

#include <cstdint>
#include <span>

#include "harness/case/environment.h"
#include "harness/worker/log_layout.h"

namespace breakproof::harness {

// Owns a memory file that one worker at a time fills. Throws CouldNotRun where noted.
class CallLog {
 public:
  explicit CallLog(std::uint32_t capacity);  // throws
  ~CallLog();
  CallLog(const CallLog&) = delete;
  CallLog& operator=(const CallLog&) = delete;

  // Forgets what was seen and sets what is to be refused. Call before each worker is started.
  void Prepare();
  void Refuse(model::KernelCallKind kind, RefusedCalls refusal);

  // What the case's kernel does, from the start; throws if no real kernel can be made to do it. `refuse` operations
  // work with any log.
  // Throws CouldNotRun for what is not within its reach (within_reach.h).
  void Obey(const Environment& environment);

  // After a worker ended: throws unless calls could be refused.
  void RequireThatItWatches() const;
  // The same; throws unless every call was seen, with a sentence that says what was missing.
  void RequireThatAllWasSeen() const;

  std::span<const LogRecord> records() const { return {records_, header_->count}; }
  // The same for whoever can do without: no calls unless all were seen.
  KernelLog Seen(std::uint64_t initial_break) const;
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_ = -1;
  LogHeader* header_ = nullptr;
  LogRecord* records_ = nullptr;
  std::uint32_t capacity_;
};

}  // namespace breakproof::harness
