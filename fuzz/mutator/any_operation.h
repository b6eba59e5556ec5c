// Operations and numbers drawn at random, as mutations need them.
#pragma once

#include <cstdint>
#include <vector>

#include "harness/case/case.h"
#include "harness/search/generate/random.h"

namespace breakproof::fuzz {

// Slots that hold a block before the operation at `end`, if the subject serves every request.
std::vector<harness::Slot> LiveSlots(const harness::Case& c, std::size_t end);

// One past the highest slot in use.
harness::Slot FirstFreeSlot(const harness::Case& c);

// A boundary where allocators change their ways, or one byte to either side of it: of a class, of pages, of the
// mapping and trim thresholds (those that the case sets as well), a power of two, SIZE_MAX, PTRDIFF_MAX.
std::uint64_t BoundarySize(const harness::Case& c, harness::Random& random);

// Some operation that is at home at `position`: reading what is live there, assigning a slot of its own or an old one.
harness::Operation AnyOperation(const harness::Case& c, std::size_t position, harness::Random& random);

// Anything that a program may do with the bytes of a block.
harness::Content AnyContent(harness::Random& random);

// A kernel that refuses something.
harness::Refusal AnyRefusal(harness::Random& random);

}  // namespace breakproof::fuzz
