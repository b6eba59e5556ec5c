// The mappings of their own that are out: how many, how long together, the most there were, and how many there
// may be.
//
// Not thread-safe: the page heap's lock protects it.
#pragma once

#include <cstdint>

namespace breakproof::allocator {

// As many as glibc allows (M_MMAP_MAX, mallopt(3)); Linux itself allows a process about so many of any kind.
inline constexpr std::uint64_t kDefaultMappingLimit = 65536;

class MappingCount {
 public:
  // Lengths are bytes.
  void Add(std::uint64_t length) {
    ++count_;
    bytes_ += length;
    if (count_ > most_count_) most_count_ = count_;
    if (bytes_ > most_bytes_) most_bytes_ = bytes_;
  }
  void Remove(std::uint64_t length) {
    --count_;
    bytes_ -= length;
  }
  void Resize(std::uint64_t old_length, std::uint64_t length) {
    Remove(old_length);
    Add(length);
  }

  std::uint64_t count() const { return count_; }
  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t most_count() const { return most_count_; }
  std::uint64_t most_bytes() const { return most_bytes_; }

  // With as many as there may be, large requests are the heap's. A lowered limit leaves those that are out.
  void SetLimit(std::uint64_t limit) { limit_ = limit; }
  bool IsFull() const { return count_ >= limit_; }

 private:
  std::uint64_t count_, bytes_, most_count_, most_bytes_, limit_;
};

}  // namespace breakproof::allocator
