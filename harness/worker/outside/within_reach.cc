#include "harness/worker/outside/within_reach.h"

#include <vector>

#include "harness/worker/log_layout.h"

namespace breakproof::harness {

Case WithinReach(Case c) {
  c.environment.gap_before_growth = 0;
  if (c.environment.refusals.size() > kMostRefusals) c.environment.refusals.resize(kMostRefusals);
  std::uint64_t taken = 0;  // by the program, and still on top
  std::erase_if(c.operations, [&taken](const Operation& operation) {
    if (operation.kind != OperationKind::kSbrk) return taken = 0, false;
    const bool is_upwards = static_cast<std::int64_t>(operation.size) >= 0;
    // A move that is too large for the kernel is refused: what was taken before it counts no more, to be sure.
    constexpr std::uint64_t kMost = std::uint64_t{1} << 30;
    if (is_upwards) return taken = operation.size < kMost ? taken + operation.size : 0, false;
    const std::uint64_t back = -operation.size;
    if (back > taken) return true;
    taken -= back;
    return false;
  });
  return c;
}

}  // namespace breakproof::harness
