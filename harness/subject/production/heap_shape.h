// The production heap's division into spans, in few words: for guidance, and to count the states that a run reached.
// Names nothing of the allocator's inside, as production_heap.h.
#pragma once

#include <cstdint>

namespace breakproof::allocator {
class Heap;
class ThreadHeap;
}  // namespace breakproof::allocator

namespace breakproof::harness {

// Some ten bits: free runs and pages by magnitude, what the class of `size` has at hand, whether there are segments.
std::uint64_t SpanStateOf(const allocator::Heap& heap, const allocator::ThreadHeap& thread, std::uint64_t size);

// A number that differs, but for collisions, whenever the spans do: their use, class, fullness by quarters, length by
// magnitude, regardless of order and address.
std::uint64_t ShapeOf(const allocator::Heap& heap);

}  // namespace breakproof::harness
