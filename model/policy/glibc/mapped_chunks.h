// Chunks that have a mapping of their own.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "model/policy/glibc/calls.h"

namespace breakproof::model::glibc {

class MappedChunks {
 public:
  explicit MappedChunks(Context& context) : context_(context) {}

  bool Contains(std::uint64_t chunk) const { return mappings_.contains(chunk); }
  std::uint64_t SizeOf(std::uint64_t chunk) const { return mappings_.at(chunk).length - mappings_.at(chunk).offset; }
  std::uint64_t count() const { return mappings_.size(); }

  // A mapping for a chunk of this size (P3); nothing if the kernel refused it.
  std::optional<std::uint64_t> Map(std::uint64_t chunk_size);

  // The chunk now starts further up in its mapping, for alignment (P33).
  void Shift(std::uint64_t chunk, std::uint64_t to);

  // For free: adapts the thresholds first (P20), then unmaps (P17).
  void Free(std::uint64_t chunk);
  void Unmap(std::uint64_t chunk);

  // For realloc (P30): the chunk where it then is; nothing if mremap was needed and refused.
  std::optional<std::uint64_t> Resize(std::uint64_t chunk, std::uint64_t chunk_size);

 private:
  struct Mapping {
    std::uint64_t start;
    std::uint64_t length;
    std::uint64_t offset;  // of the chunk
  };

  Context& context_;
  std::map<std::uint64_t, Mapping> mappings_;  // by chunk
};

}  // namespace breakproof::model::glibc
