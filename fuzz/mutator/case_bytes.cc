#include "fuzz/mutator/case_bytes.h"

#include <algorithm>

#include "fuzz/mutator/mutate.h"
#include "harness/case/case_binary.h"

namespace breakproof::fuzz {

using namespace harness;

namespace {

// Literals make records longer than counted: then the end is cut off.
Bytes EncodeWithin(Case c, std::size_t max_size) {
  Bytes bytes = EncodeCase(c);
  while (bytes.size() > max_size) {
    const std::size_t excess = (bytes.size() - max_size + kBytesAnOperation - 1) / kBytesAnOperation;
    const std::size_t records_an_operation = 4;  // at most: three literals and itself
    const std::size_t dropped = (excess + records_an_operation - 1) / records_an_operation;
    if (c.operations.empty()) c.environment = {};
    c.operations.resize(c.operations.size() - std::min(c.operations.size(), dropped));
    bytes = EncodeCase(c);
  }
  return bytes;
}

}  // namespace

Bytes MutateBytes(std::span<const std::uint8_t> bytes, std::size_t max_size, std::uint64_t seed) {
  Random random(seed);
  Case c = DecodeCase(bytes.data(), bytes.size());
  Mutate(c, random, max_size / kBytesAnOperation);
  return EncodeWithin(std::move(c), max_size);
}

Bytes CrossOverBytes(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b, std::size_t max_size,
                     std::uint64_t seed) {
  Random random(seed);
  return EncodeWithin(CrossOver(DecodeCase(a.data(), a.size()), DecodeCase(b.data(), b.size()), random,
                                max_size / kBytesAnOperation),
                      max_size);
}

}  // namespace breakproof::fuzz
