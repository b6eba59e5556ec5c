// A case performed on an allocator as a program would, without a look at what comes back: its calls, and the same
// writes to the payloads as in lock step.
#pragma once

#include <cstdint>
#include <vector>

#include "harness/case/case.h"
#include "harness/execute/malloc_family.h"

namespace breakproof::bench {

// Is told of what the program does: a checker that is to be compared.
class ProgramObserver {
 public:
  virtual ~ProgramObserver() = default;
  virtual void Allocated(std::uintptr_t address, std::uint64_t bytes) = 0;
  virtual void Wrote(std::uintptr_t address, std::uint64_t bytes) = 0;
  virtual void Freed(std::uintptr_t address, std::uint64_t bytes) = 0;
};

class Program {
 public:
  explicit Program(const harness::MallocFamily& family) : family_(family) {}

  // Operations other than calls are left out, and so are alignments and sizes that cannot be served. What is live at
  // the end is freed.
  void Run(const harness::Case& c, ProgramObserver* observer = nullptr);

 private:
  struct Pointer {
    void* block = nullptr;
    std::uint64_t bytes = 0;
  };

  void Call(const harness::Operation& operation, std::uint32_t index);
  void* Allocate(const harness::Operation& operation, void* old);
  void Write(void* block, std::uint64_t bytes, std::uint32_t index);
  void Free(Pointer* pointer);

  const harness::MallocFamily family_;
  ProgramObserver* observer_ = nullptr;
  std::vector<Pointer> pointers_;  // by slot
};

// libbreakproof as it ships, beside the program's malloc.
harness::MallocFamily BreakproofFamily();

}  // namespace breakproof::bench
