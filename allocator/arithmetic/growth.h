// Wholesale: by how much the break rises when the heap needs memory, and by how much it falls when
// the heap has plenty. All values are bytes; the top is the free memory between the last used span
// and the break.
#pragma once

#include <cstdint>

#include "allocator/arithmetic/alignment.h"
#include "allocator/arithmetic/checked.h"
#include "allocator/arithmetic/word.h"

namespace breakproof::arithmetic {

// What a growth adds beyond the need, and a trim leaves (M_TOP_PAD): it makes one call serve many
// spans.
inline constexpr std::uint64_t kDefaultTopPad = std::uint64_t{128} << 10;

// By how much the break must rise so that the top, now `top_free`, holds `need` and leaves
// `top_pad`: whole pages. 0 when the top holds the need already. Overflows when the growth is more
// than kMaxRequest; the caller may then try again without padding. Theorems Z33 and Z34.
template <typename Word>
constexpr Checked<Word> BreakGrowth(Word need, Word top_free, Word top_pad) {
  const Bool<Word> is_short = need > top_free;
  const Checked<Word> padded = CheckedAdd<Word>(need - top_free, top_pad);
  const Checked<Word> growth = CheckedPageRound(padded.value);
  const Bool<Word> overflow = padded.overflow || growth.overflow || growth.value > kMaxRequest;
  return {Select<Word>(is_short, growth.value, 0), is_short && overflow};
}

// By how much the break falls: all whole pages of the top beyond `top_pad`, once the top has
// reached `trim_threshold`. Theorems Z35 to Z37.
template <typename Word>
constexpr Word TrimAmount(Word top_free, Word trim_threshold, Word top_pad) {
  const Bool<Word> trims = top_free >= trim_threshold && top_free > top_pad;
  return Select<Word>(trims, AlignDown<Word>(top_free - top_pad, kPageSize), 0);
}

}  // namespace breakproof::arithmetic
