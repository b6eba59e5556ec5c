// Mutations on the binary form of cases, within a limit of bytes; deterministic from the seed.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace breakproof::fuzz {

using Bytes = std::vector<std::uint8_t>;

// At most `max_size` bytes, all of them the binary form of one case.
Bytes MutateBytes(std::span<const std::uint8_t> bytes, std::size_t max_size, std::uint64_t seed);
Bytes CrossOverBytes(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b, std::size_t max_size,
                     std::uint64_t seed);

}  // namespace breakproof::fuzz
