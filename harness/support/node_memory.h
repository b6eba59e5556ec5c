// Memory for the nodes of maps that come and go with nearly every operation, case after case: what was given back is
// handed out again, by size. A sanitizer's malloc would be a tenth of what fuzzing costs.
//
// Not thread-safe. Outlives what takes from it.
#pragma once

#include <array>
#include <cstddef>
#include <memory_resource>

namespace breakproof::harness {

class NodeMemory : public std::pmr::memory_resource {
 public:
  NodeMemory() = default;
  ~NodeMemory() override;
  NodeMemory(const NodeMemory&) = delete;
  NodeMemory& operator=(const NodeMemory&) = delete;

 private:
  struct Free {
    Free* next;
  };
  static constexpr std::size_t kStep = 16;      // bytes
  static constexpr std::size_t kLargest = 256;  // bytes; more is no node

  void* do_allocate(std::size_t bytes, std::size_t alignment) override;
  void do_deallocate(void* node, std::size_t bytes, std::size_t alignment) override;
  bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override { return this == &other; }

  std::array<Free*, kLargest / kStep + 1> free_{};  // by size in steps
};

}  // namespace breakproof::harness
