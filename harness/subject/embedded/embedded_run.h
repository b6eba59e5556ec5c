// The production allocator in this process on the real kernel: a heap of its own beside the process's malloc, real
// threads, a guard page behind every mapping.
//
// Judged by the heap model alone, by its walker, and by what the sanitizer of the build sees: for fuzzing.
#pragma once

#include <memory>

#include "harness/case/case.h"
#include "harness/judge/judge.h"
#include "harness/subject/observer.h"

namespace breakproof::harness {

class EmbeddedRun {
 public:
  EmbeddedRun();
  ~EmbeddedRun();
  EmbeddedRun(const EmbeddedRun&) = delete;
  EmbeddedRun& operator=(const EmbeddedRun&) = delete;

  // A fresh heap. Not thread-safe: one at a time in a process. A crash of the allocator is a crash of the process.
  Judgement Run(const Case& c);

  // Is told of every operation from now on; nullptr: nobody.
  void Observe(OperationObserver* observer);

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace breakproof::harness
