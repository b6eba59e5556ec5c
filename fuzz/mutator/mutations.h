// The mutations themselves; mutate.cc weighs them. Inside this folder only.
#pragma once

#include <cstddef>
#include <vector>

#include "harness/case/case.h"
#include "harness/search/generate/random.h"

namespace breakproof::fuzz {

// sequence.cc: whole operations.
void Insert(harness::Case& c, harness::Random& random, std::size_t most);
void Delete(harness::Case& c, harness::Random& random, std::size_t most);
void Duplicate(harness::Case& c, harness::Random& random, std::size_t most);
void Repeat(harness::Case& c, harness::Random& random, std::size_t most);
void Reorder(harness::Case& c, harness::Random& random, std::size_t most);

// arguments.cc: parts of one operation.
void MoveSizeToBoundary(harness::Case& c, harness::Random& random, std::size_t most);
void NudgeSize(harness::Case& c, harness::Random& random, std::size_t most);
void MoveAlignmentToBoundary(harness::Case& c, harness::Random& random, std::size_t most);
void ChangeCount(harness::Case& c, harness::Random& random, std::size_t most);
void Retarget(harness::Case& c, harness::Random& random, std::size_t most);
void ChangeEntry(harness::Case& c, harness::Random& random, std::size_t most);
void ChangeContent(harness::Case& c, harness::Random& random, std::size_t most);

// surroundings.cc: threads and the kernel.
void ChangeThread(harness::Case& c, harness::Random& random, std::size_t most);
void NewThreadFirst(harness::Case& c, harness::Random& random, std::size_t most);
void ExitThread(harness::Case& c, harness::Random& random, std::size_t most);
void ToggleRefusal(harness::Case& c, harness::Random& random, std::size_t most);
void ChangeBreak(harness::Case& c, harness::Random& random, std::size_t most);

// ---- What several of them need

struct Stretch {
  std::size_t begin = 0;
  std::size_t end = 0;  // behind the last
  std::size_t length() const { return end - begin; }
};

inline std::vector<harness::Operation>::iterator At(harness::Case& c, std::size_t index) {
  return c.operations.begin() + static_cast<std::ptrdiff_t>(index);
}

inline std::size_t Room(const harness::Case& c, std::size_t most) {
  return c.operations.size() < most ? most - c.operations.size() : 0;
}

// Mostly short; of a case that has operations.
Stretch AnyStretch(const harness::Case& c, harness::Random& random, std::size_t longest);

// The index of some operation that `fits`, or the number of operations.
template <typename Fits>
std::size_t AnyThat(const harness::Case& c, harness::Random& random, Fits fits) {
  const std::size_t count = c.operations.size();
  if (count == 0) return count;
  const std::size_t start = random.Below(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t index = (start + i) % count;
    if (fits(c.operations[index])) return index;
  }
  return count;
}

}  // namespace breakproof::fuzz
