// The real kernel as the production allocator receives it in this process, with a page behind every mapping that
// nobody may touch, refusals on demand, and everything given back between cases.
//
// One at a time in a process. The break is the process's own: where other code moves it as well, such as a malloc that
// is linked in, that is a foreign move to the allocator, and what it took below stays taken.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "allocator/kernel/kernel.h"
#include "harness/case/environment.h"
#include "harness/kernel/simulated/refusals.h"

namespace breakproof::harness {

class GuardedKernel {
 public:
  GuardedKernel() = default;
  ~GuardedKernel() { ReturnEverything(); }
  GuardedKernel(const GuardedKernel&) = delete;
  GuardedKernel& operator=(const GuardedKernel&) = delete;

  // Everything that the allocator still holds goes back; from here on the kernel is as the environment says.
  void Reset(const Environment& environment);
  // Valid as long as this object lives.
  allocator::Kernel table();

  void RefuseNext(int type, std::uint64_t count);
  void BlockBreak(std::uint64_t room);
  // By the program. It takes back only what it took, and only while it is on top.
  void* ProgramSbrk(std::intptr_t increment);
  void AdvanceClock(std::uint64_t milliseconds) { milliseconds_ += milliseconds; }

  // Of the allocator so far; refused ones included.
  std::uint64_t calls() const { return refusals_.Total(); }
  std::uint64_t refused() const { return refused_; }
  // A call that no allocator may make, such as unmapping part of a mapping; "" if there was none.
  const std::string& crime() const { return crime_; }

 private:
  friend struct GuardedCalls;

  bool Refuses(CallType type);
  void* MapGuarded(std::size_t length);
  bool IsOwn(void* address, std::size_t length);
  void ReturnEverything();

  RefusalPlan refusals_;
  std::uint64_t refused_ = 0;
  std::uint64_t gap_ = 0;
  std::uint64_t milliseconds_ = 0;
  std::map<void*, std::size_t> mappings_;  // of the allocator: bytes, without the page behind
  std::vector<void*> blocking_pages_;
  std::intptr_t program_bytes_ = 0;        // what the program took of the break, on top of everything
  char* first_break_ = nullptr;            // before the allocator's first growth
  char* last_break_ = nullptr;             // as the allocator or the program left it
  std::string crime_;
};

}  // namespace breakproof::harness
