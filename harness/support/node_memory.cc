#include "harness/support/node_memory.h"

#include <new>

namespace breakproof::harness {
namespace {

// Where this file is instrumented, a node that is used after it was given back is to be noticed.
#if __has_feature(address_sanitizer)
constexpr bool kRecycles = false;
#else
constexpr bool kRecycles = true;
#endif

}  // namespace

NodeMemory::~NodeMemory() {
  for (Free* node : free_) {
    while (node != nullptr) {
      Free* const next = node->next;
      ::operator delete(node);
      node = next;
    }
  }
}

void* NodeMemory::do_allocate(std::size_t bytes, std::size_t alignment) {
  if (!kRecycles || bytes > kLargest || alignment > kStep) return std::pmr::new_delete_resource()->allocate(bytes, alignment);
  const std::size_t steps = (bytes + kStep - 1) / kStep;
  Free* const node = free_[steps];
  if (node == nullptr) return ::operator new(steps * kStep);
  free_[steps] = node->next;
  return node;
}

void NodeMemory::do_deallocate(void* node, std::size_t bytes, std::size_t alignment) {
  if (!kRecycles || bytes > kLargest || alignment > kStep) {
    return std::pmr::new_delete_resource()->deallocate(node, bytes, alignment);
  }
  Free*& first = free_[(bytes + kStep - 1) / kStep];
  first = new (node) Free{first};
}

}  // namespace breakproof::harness
