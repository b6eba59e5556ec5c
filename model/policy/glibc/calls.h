// How the model asks for kernel calls: each is predicted in full before the answer is known. The answer
// (where a mapping lies, whether the call was refused) is the kernel's choice, not the allocator's.
#pragma once

#include <array>
#include <cstdint>

#include "model/policy/glibc/constants.h"
#include "model/policy/glibc/rules.h"
#include "model/policy/glibc/thresholds.h"
#include "model/policy/kernel_call.h"

namespace breakproof::model::glibc {

struct Answer {
  bool is_granted = false;
  std::uint64_t address = 0;  // of the mapping; brk: the break as it is now, also after a refusal
};

class Kernel {
 public:
  virtual ~Kernel() = default;
  virtual Answer Ask(const KernelCall& call, PolicyRule because) = 0;
};

// The only kind of mapping that malloc makes. The numbers are Linux's on x86-64: the model makes no calls, so
// it does not include the system's headers.
constexpr KernelCall AnonymousMapping(std::uint64_t length) {
  constexpr std::uint32_t kReadWrite = 3;
  constexpr std::uint32_t kPrivateAnonymous = 0x22;
  return {.kind = KernelCallKind::kMmap, .length = length, .detail = MmapDetail(kReadWrite, kPrivateAnonymous)};
}

// How often each rule decided something.
using PolicyExercised = std::array<std::uint64_t, kPolicyRuleCount>;

// What all parts of the model share.
struct Context {
  const Constants constants;
  Kernel& kernel;
  Thresholds thresholds{constants};
  PolicyExercised exercised{};

  bool is_aborted = false;  // the process ended itself

  // glibc keeps its last words in a page of their own.
  void Abort(PolicyRule because) {
    Exercise(because);
    is_aborted = true;
    kernel.Ask(AnonymousMapping(kPage), because);
  }

  void Exercise(PolicyRule rule) { ++exercised[static_cast<std::size_t>(rule)]; }
};

}  // namespace breakproof::model::glibc
