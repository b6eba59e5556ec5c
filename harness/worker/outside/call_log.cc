#include "harness/worker/outside/call_log.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "harness/support/could_not_run.h"
#include "harness/support/files.h"

namespace breakproof::harness {

CallLog::CallLog(std::uint32_t capacity) : capacity_(capacity) {
  descriptor_ = memfd_create("call-log", MFD_CLOEXEC);
  void* map = MAP_FAILED;
  if (descriptor_ >= 0 && ftruncate(descriptor_, static_cast<off_t>(LogBytes(capacity))) == 0) {
    map = mmap(nullptr, LogBytes(capacity), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor_, 0);
  }
  if (map == MAP_FAILED) {
    const int error = errno;
    if (descriptor_ >= 0) close(descriptor_);
    throw CouldNotRun("cannot reserve memory for the log of kernel calls: " + ExplainErrno(error));
  }
  header_ = static_cast<LogHeader*>(map);
  records_ = reinterpret_cast<LogRecord*>(static_cast<char*>(map) + kLogHeaderBytes);
}

CallLog::~CallLog() {
  munmap(header_, LogBytes(capacity_));
  close(descriptor_);
}

void CallLog::Prepare() {
  std::memset(static_cast<void*>(header_), 0, kLogHeaderBytes);
  header_->version = kLogVersion;
  header_->capacity = capacity_;
}

void CallLog::Refuse(model::KernelCallKind kind, RefusedCalls refusal) {
  header_->refusals[static_cast<int>(kind)] = refusal;
}

void CallLog::Obey(const Environment& environment) {
  if (environment.gap_before_growth != 0) {
    throw CouldNotRun("the case's kernel line says gap=" + std::to_string(environment.gap_before_growth) +
                      ", which only the simulated kernel does; run the case there, or write sbrk operations instead");
  }
  if (environment.refusals.size() > kMostRefusals) {
    throw CouldNotRun("the case's kernel line has more than " + std::to_string(kMostRefusals) +
                      " refusals, which only the simulated kernel can keep; use refuse operations instead");
  }
  for (const Refusal& refusal : environment.refusals) header_->plan[header_->plan_count++] = refusal;
  header_->has_room = environment.break_room.has_value();
  header_->room = environment.break_room.value_or(0);
}

void CallLog::RequireThatItWatches() const {
  if (header_->is_armed == 0) {
    throw CouldNotRun("this kernel cannot watch the memory calls of a process: it has no syscall user dispatch (" +
                      ExplainErrno(header_->arm_errno) + "); Linux 5.11 or later on x86-64 has it");
  }
}

void CallLog::RequireThatAllWasSeen() const {
  RequireThatItWatches();
  if (header_->lost != 0) {
    throw CouldNotRun(std::to_string(header_->lost) + " memory calls were not recorded; shorten the case");
  }
}

KernelLog CallLog::Seen(std::uint64_t initial_break) const {
  if (header_->is_armed == 0 || header_->lost != 0) return {};
  return {records(), initial_break, header_->harness_begin, header_->harness_end};
}

}  // namespace breakproof::harness
