// libFuzzer's hooks: structure-aware mutations, and now and then its own on the bytes, which know the dictionary and
// what comparisons saw.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "fuzz/mutator/case_bytes.h"

// Absent where a target is only replayed.
extern "C" __attribute__((weak)) std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace {

std::size_t Put(const breakproof::fuzz::Bytes& bytes, std::uint8_t* out) {
  std::copy(bytes.begin(), bytes.end(), out);
  return bytes.size();
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned seed) {
  constexpr unsigned kByteMutations = 8;  // one in so many
  if (LLVMFuzzerMutate != nullptr && seed % kByteMutations == 0) return LLVMFuzzerMutate(data, size, max_size);
  return Put(breakproof::fuzz::MutateBytes({data, size}, max_size, seed), data);
}

extern "C" std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* a, std::size_t a_size, const std::uint8_t* b,
                                                 std::size_t b_size, std::uint8_t* out, std::size_t max_out,
                                                 unsigned seed) {
  return Put(breakproof::fuzz::CrossOverBytes({a, a_size}, {b, b_size}, max_out, seed), out);
}
