// The same calls on the model and on the real kernel, compared after every call.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "harness/kernel/real/real_kernel.h"

namespace breakproof::harness {

struct Mismatch {
  int call = 0;  // index of the call after which they differ
  std::string what;
  std::string expected;  // the model's
  std::string actual;    // the real kernel's
};

struct Tally {
  std::uint64_t sequences = 0;
  std::uint64_t calls = 0;       // system calls and libc calls
  std::uint64_t successful = 0;  // of those: no error, and a brk that reached its target
  std::uint64_t touches = 0;     // loads and stores by the CPU
  model::RuleLog rules;

  void Add(const Tally& other) {
    sequences += other.sequences;
    calls += other.calls;
    successful += other.successful;
    touches += other.touches;
    rules.Add(other.rules);
  }
};

class Differential {
 public:
  explicit Differential(RealKernel& real) : real_(real) {}

  // Runs the calls that StaysInside allows, at most kMaxCalls of them, from a fresh window on both sides.
  std::optional<Mismatch> Check(std::span<const model::Call> calls);

  // The calls that the last Check ran; a Mismatch's index counts in them.
  const std::vector<model::Call>& ran() const { return ran_; }
  const Tally& tally() const { return tally_; }

 private:
  RealKernel& real_;
  std::vector<model::Call> ran_;
  Tally tally_;
};

// The case as text with the mismatch at its call, addresses relative to the window.
std::string Describe(const Mismatch& mismatch, std::span<const model::Call> calls, const model::Machine& machine);

// Removes calls as long as `fails` stays true: first halves, then single calls.
std::vector<model::Call> Shrink(std::vector<model::Call> calls,
                                const std::function<bool(std::span<const model::Call>)>& fails);

}  // namespace breakproof::harness
