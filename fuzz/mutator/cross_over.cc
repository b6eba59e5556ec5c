#include <algorithm>

#include "fuzz/mutator/any_operation.h"
#include "fuzz/mutator/mutate.h"

namespace breakproof::fuzz {

using namespace harness;

namespace {

// Slots of the second case, out of the way of the first one's.
std::vector<Operation> Shifted(std::vector<Operation> operations, Slot by) {
  for (Operation& operation : operations) {
    if (operation.argument != kNullSlot) operation.argument += by;
    if (operation.result != kNullSlot) operation.result += by;
  }
  return operations;
}

}  // namespace

Case CrossOver(const Case& a, const Case& b, Random& random, std::size_t most) {
  // Sharing slots, the second part works on the first one's blocks.
  const std::vector<Operation> other = Shifted(b.operations, random.OneIn(2) ? 0 : FirstFreeSlot(a));
  const auto cut = [&](const std::vector<Operation>& operations) {
    return static_cast<std::ptrdiff_t>(random.Below(operations.size() + 1));
  };
  Case child;
  child.environment = random.OneIn(2) ? a.environment : b.environment;
  auto& operations = child.operations;
  if (random.OneIn(2)) {  // the beginning of one, the end of the other
    operations.assign(a.operations.begin(), a.operations.begin() + cut(a.operations));
    operations.insert(operations.end(), other.begin() + cut(other), other.end());
  } else {  // a stretch of the other in the middle of one
    std::ptrdiff_t begin = cut(other), end = cut(other);
    if (begin > end) std::swap(begin, end);
    operations = a.operations;
    operations.insert(operations.begin() + cut(operations), other.begin() + begin, other.begin() + end);
  }
  if (operations.size() > most) operations.resize(most);
  return child;
}

}  // namespace breakproof::fuzz
