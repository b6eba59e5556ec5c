// The reference allocator on the simulated kernel, with payloads in real pages, judged by the heap model.
#pragma once

#include <memory>

#include "harness/case/case.h"
#include "harness/judge/judge.h"
#include "harness/subject/observer.h"

namespace breakproof::harness {

class ReferenceRun {
 public:
  ReferenceRun();
  ~ReferenceRun();
  ReferenceRun(const ReferenceRun&) = delete;
  ReferenceRun& operator=(const ReferenceRun&) = delete;

  // A fresh heap on a fresh kernel; the case's threads are one. Not thread-safe: one at a time in a process.
  Judgement Run(const Case& c);

  // Is told of every operation from now on; nullptr: nobody.
  void Observe(OperationObserver* observer);

 private:
  friend struct ReferenceEntries;  // functions without context, as C calls them
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace breakproof::harness
