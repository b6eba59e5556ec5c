// Runs a case on an allocator in this very process and judges it: for fuzzers and property tests.
//
// A crash of the subject is a crash of the process. The harness's books are mapped, not allocated from the
// subject; the model allocates from this process's own malloc, so the subject must be another one.
#pragma once

#include "harness/execute/malloc_family.h"
#include "harness/judge/judge.h"
#include "harness/subject/observer.h"

namespace breakproof::harness {

// An allocator that needs more than its entry points: told of every operation, on the operation's thread.
class InProcessSubject {
 public:
  virtual ~InProcessSubject() = default;
  virtual const MallocFamily& family() = 0;
  virtual void Before(const Operation& operation) = 0;
  // May say what the kernel did.
  virtual void After(const Operation& operation, Outcome* outcome) = 0;
};

// Blocks still live at the end are freed.
Judgement RunInProcess(const Case& c, InProcessSubject& subject);

// The same of a malloc family alone. The observer, if any, is told of every operation.
Judgement RunInProcess(const Case& c, const MallocFamily& family, OperationObserver* observer = nullptr);

// libc's own malloc family, whatever malloc a sanitizer or a preloaded library put in front of it. Throws
// CouldNotRun if libc.so.6 is not loaded, as in a statically linked program.
MallocFamily LibcFamily();

}  // namespace breakproof::harness
