#include "fuzz/memory_budget.h"

#include <vector>

namespace breakproof::fuzz {
namespace {

using harness::Operation;

// All of user space on x86-64: nothing is ever written of it.
constexpr std::uint64_t kNeverGranted = std::uint64_t{1} << 47;

std::uint64_t BytesAskedFor(const Operation& operation) {
  if (operation.kind != harness::OperationKind::kCall || !harness::AssignsSlot(operation.entry)) return 0;
  std::uint64_t bytes = operation.size;
  if (harness::TakesCount(operation.entry) && __builtin_mul_overflow(operation.count, operation.size, &bytes)) return 0;
  return bytes < kNeverGranted ? bytes : 0;
}

}  // namespace

harness::Case WithinMemory(harness::Case c) {
  std::uint64_t left = kMemoryBudget;
  std::erase_if(c.operations, [&left](const Operation& operation) {
    const std::uint64_t bytes = BytesAskedFor(operation);
    if (bytes > left) return true;
    left -= bytes;
    return false;
  });
  return c;
}

}  // namespace breakproof::fuzz
