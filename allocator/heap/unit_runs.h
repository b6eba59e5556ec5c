// Sets of the units of a mixed slab, a bit each, and where runs of them lie. A unit is 16 bytes, a slab has 256.
#pragma once

#include <cstdint>

namespace breakproof::allocator {

struct UnitSet {
  static constexpr std::uint64_t kBits = 64;
  static constexpr std::uint64_t kWords = 4;
  static constexpr std::uint64_t kUnits = kBits * kWords;
  std::uint64_t words[kWords];

  constexpr bool IsEmpty() const { return (words[0] | words[1] | words[2] | words[3]) == 0; }

  // The set must not be empty.
  constexpr std::uint64_t First() const {
    std::uint64_t word = 0;
    while (words[word] == 0) ++word;
    return word * kBits + static_cast<std::uint64_t>(__builtin_ctzll(words[word]));
  }

  constexpr bool Has(std::uint64_t unit) const { return (words[unit / kBits] >> unit % kBits & 1) != 0; }

  // [first, first + count) goes in, or out.
  constexpr void Add(std::uint64_t first, std::uint64_t count) {
    for (std::uint64_t unit = first; unit < first + count;) {
      const std::uint64_t bits = BitsOf(unit, first + count);
      words[unit / kBits] |= bits;
      unit = (unit / kBits + 1) * kBits;
    }
  }
  constexpr void Remove(std::uint64_t first, std::uint64_t count) {
    for (std::uint64_t unit = first; unit < first + count;) {
      words[unit / kBits] &= ~BitsOf(unit, first + count);
      unit = (unit / kBits + 1) * kBits;
    }
  }

  // Unit u of the result is unit u + distance of this set. `distance` is at most kBits, which takes no loop: runs are
  // looked for each time that blocks are taken.
  constexpr UnitSet Earlier(std::uint64_t distance) const {
    if (distance == kBits) return {{words[1], words[2], words[3], 0}};
    return {{Funnel(words[0], words[1], distance), Funnel(words[1], words[2], distance),
             Funnel(words[2], words[3], distance), words[3] >> distance}};
  }

  constexpr UnitSet And(const UnitSet& other) const {
    return {words[0] & other.words[0], words[1] & other.words[1], words[2] & other.words[2], words[3] & other.words[3]};
  }

  // The units at which a run of `length` of them begins. `length` is 1 to kUnits - 1.
  constexpr UnitSet RunsOf(std::uint64_t length) const {
    UnitSet starts = *this;
    for (std::uint64_t known = 1; known < length;) {
      const std::uint64_t most = known < kBits ? known : kBits;
      const std::uint64_t step = most < length - known ? most : length - known;
      starts = starts.And(starts.Earlier(step));
      known += step;
    }
    return starts;
  }

  // Lengths of runs in steps of a quarter of their power of two: 1 2 3 4 5 6 7 8 10 12 14 16 20 ... 112 128. The last
  // step is all that is longer.
  static constexpr std::uint64_t kLongestShift = 7;
  static constexpr std::uint64_t kRunSteps = kLongestShift * 4 - 4;
  static constexpr std::uint64_t RunStep(std::uint64_t length) {
    if (length < 4) return length - 1;
    const auto shift = static_cast<std::uint64_t>(63 - __builtin_clzll(length));
    return shift >= kLongestShift ? kRunSteps - 1 : shift * 4 - 5 + (length >> (shift - 2) & 3);
  }

  // The step of the longest run. The set must not be empty.
  constexpr std::uint64_t LongestRunStep() const {
    UnitSet starts = *this;  // of runs of `length`
    std::uint64_t length = 1;
    const auto lengthen = [&starts, &length](std::uint64_t more) {
      const UnitSet longer = starts.And(starts.Earlier(more));
      if (longer.IsEmpty()) return false;
      starts = longer;
      length += more;
      return true;
    };
    while (length < std::uint64_t{1} << kLongestShift && lengthen(length)) {
    }
    // Between a power of two and the next one, quarters are told apart.
    const std::uint64_t power = length;
    if (power >> kLongestShift == 0) {
      if (power / 2 > 0) lengthen(power / 2);
      if (power / 4 > 0) lengthen(power / 4);
    }
    return RunStep(length);
  }

  // The number of units of the run that [first, first + count) of the set is in.
  constexpr std::uint64_t RunAround(std::uint64_t first, std::uint64_t count) const {
    std::uint64_t end = first + count;
    while (end < kUnits) {
      const std::uint64_t ones = Ones(words[end / kBits] >> end % kBits);
      end += ones;
      if (ones == 0 || end % kBits != 0) break;
    }
    std::uint64_t start = first;
    while (start > 0) {
      const std::uint64_t below = (start - 1) % kBits;  // the bit of the unit before
      const std::uint64_t zeroes = ~words[(start - 1) / kBits] << (kBits - 1 - below);
      const std::uint64_t ones = zeroes == 0 ? kBits : static_cast<std::uint64_t>(__builtin_clzll(zeroes));
      start -= ones < below + 1 ? ones : below + 1;
      if (ones < below + 1) break;
    }
    return end - start;
  }

  // Every `stride`-th unit from the first on. `stride` is a power of two, at most kUnits.
  static constexpr UnitSet Multiples(std::uint64_t stride) {
    UnitSet set{};
    for (std::uint64_t unit = 0; unit < kUnits; unit += stride) set.Add(unit, 1);
    return set;
  }

 private:
  // 64 bits of two words, from bit `shift` of the lower one on. `shift` is below 64.
  static constexpr std::uint64_t Funnel(std::uint64_t low, std::uint64_t high, std::uint64_t shift) {
    return low >> shift | (high << 1) << (kBits - 1 - shift);
  }

  // How many of the lowest bits are ones.
  static constexpr std::uint64_t Ones(std::uint64_t word) {
    return ~word == 0 ? kBits : static_cast<std::uint64_t>(__builtin_ctzll(~word));
  }

  // Of the word that holds `unit`, the bits from there to `end`.
  static constexpr std::uint64_t BitsOf(std::uint64_t unit, std::uint64_t end) {
    const std::uint64_t first = unit % kBits;
    const std::uint64_t room = kBits - first, wanted = end - unit;
    const std::uint64_t ones = wanted >= room ? ~std::uint64_t{0} : (std::uint64_t{1} << (wanted + first)) - 1;
    return ones & ~std::uint64_t{0} << first;
  }
};

static_assert(UnitSet{{0xf0, 0, 0, 0}}.RunsOf(3).First() == 4 && UnitSet{{0xf0, 0, 0, 0}}.RunsOf(5).IsEmpty());
static_assert(UnitSet{{1ull << 63, 1, 0, 0}}.RunsOf(2).First() == 63, "a run goes on in the next word");
static_assert(UnitSet::RunStep(128) == UnitSet::kRunSteps - 1 && UnitSet::RunStep(127) == UnitSet::kRunSteps - 2);
static_assert(UnitSet::RunStep(3) == 2 && UnitSet::RunStep(4) == 3 && UnitSet::RunStep(7) + 1 == UnitSet::RunStep(8));
static_assert(UnitSet{{~0ull, ~0ull, ~0ull, ~0ull}}.LongestRunStep() == UnitSet::kRunSteps - 1);
static_assert(UnitSet{{5, 0, 0, 0}}.LongestRunStep() == 0 && UnitSet{{0x1fff0, 0, 0, 0}}.LongestRunStep() == UnitSet::RunStep(13));
static_assert(UnitSet{{0xf0, 0, 0, 0}}.RunAround(5, 1) == 4 && UnitSet{{3ull << 62, ~0ull, 7, 1ull << 63}}.RunAround(100, 1) == 69);
static_assert(UnitSet{{~0ull, ~0ull, ~0ull, ~0ull}}.RunAround(9, 1) == 256 && UnitSet{{0, 0, 0, 1ull << 63}}.RunAround(255, 1) == 1);

}  // namespace breakproof::allocator
