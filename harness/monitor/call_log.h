// The command's side of a monitored worker's log (layout.h).
#pragma once

#include <cstdint>
#include <span>

#include "harness/case/environment.h"
#include "harness/monitor/layout.h"

namespace breakproof::harness {

// What a worker on the real kernel can do of a case's environment: all but the gap, and so many refusals.
Environment WithinReach(Environment environment);

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
  // Throws CouldNotRun for what is not WithinReach.
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
