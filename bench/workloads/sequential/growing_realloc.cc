// Arrays that grow by halves, strings that grow line by line and one large buffer, all in turn, by realloc.
#include "bench/workloads/support/block.h"
#include "bench/workloads/support/random.h"

namespace breakproof::bench {

namespace {

constexpr int kArrays = 24;
constexpr int kStrings = 24;
constexpr std::size_t kLargestArray = 200 << 10;
constexpr std::size_t kLargestString = 12 << 10;
constexpr std::size_t kLargestBuffer = 12 << 20;

// Grows to `size` bytes and writes what is new; the old bytes must still be there.
std::uint64_t Grow(Sized* sized, std::size_t size, std::uint64_t tag) {
  const std::size_t old = sized->size;
  const std::uint64_t before = old == 0 ? 0 : Read(sized->block, old);
  sized->block = NotNull(std::realloc(sized->block, size));
  sized->size = size;
  if (old != 0 && Read(sized->block, old) != before) Fail("realloc lost what the block held");
  Fill(static_cast<char*>(sized->block) + old, size - old, tag);
  return before;
}

std::uint64_t Finish(Sized* sized) {
  sized->block = NotNull(std::realloc(sized->block, sized->size / 2 + 8));  // shrink to fit
  const std::uint64_t sum = ReadAndFree(sized->block, 8);
  *sized = Sized();
  return sum;
}

}  // namespace

std::uint64_t RunWorkload(const Parameters& parameters) {
  Random random(parameters.seed);
  static Sized arrays[kArrays], strings[kStrings];
  Sized buffer;
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < parameters.iterations; ++i) {
    Sized& array = arrays[random.Below(kArrays)];
    sum += Grow(&array, array.size + array.size / 2 / 16 * 16 + 32, random.Next());
    if (array.size > kLargestArray) sum += Finish(&array);
    for (int line = 0; line < 8; ++line) {
      Sized& string = strings[random.Below(kStrings)];
      sum += Grow(&string, string.size + random.Between(16, 120), random.Next());
      if (string.size > kLargestString) sum += Finish(&string);
    }
    if (i % 64 != 0) continue;
    sum += Grow(&buffer, buffer.size + buffer.size / 4 / 16 * 16 + (16 << 10), random.Next());
    if (buffer.size > kLargestBuffer) sum += Finish(&buffer);
  }
  for (Sized& array : arrays) sum += array.Release();
  for (Sized& string : strings) sum += string.Release();
  return sum + buffer.Release();
}

}  // namespace breakproof::bench
