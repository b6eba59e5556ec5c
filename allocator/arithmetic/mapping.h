// Own mappings: how long the mapping of one large request is. There is no header in front of the
// payload. All sizes, lengths and alignments are bytes.
#pragma once

#include <cstdint>

#include "allocator/arithmetic/alignment.h"
#include "allocator/arithmetic/checked.h"
#include "allocator/arithmetic/word.h"

namespace breakproof::arithmetic {

// What a mapping needs beyond its payload so that an aligned start can be found in it: the kernel
// aligns to pages. `alignment` must be a power of two. Theorem Z24.
template <typename Word>
constexpr Word AlignmentSlack(Word alignment) {
  return Select<Word>(alignment > kPageSize, alignment - kPageSize, 0);
}

// The length of the mapping for a request: its whole pages, at least one, and the slack. Overflows
// when that is more than kMaxRequest. `alignment` must be a power of two. Theorem Z24.
template <typename Word>
constexpr Checked<Word> MappingLength(Word size, Word alignment) {
  const Checked<Word> payload = CheckedPageRound<Word>(size + Select<Word>(size == 0, 1, 0));
  const Checked<Word> length = CheckedAdd(payload.value, AlignmentSlack(alignment));
  return {length.value, payload.overflow || length.overflow || length.value > kMaxRequest};
}

// Where the payload starts in a mapping of MappingLength that the kernel placed at `start`. Theorem
// Z25.
template <typename Word>
constexpr Word PayloadStart(Word start, Word alignment) {
  return AlignUp(start, alignment);
}

}  // namespace breakproof::arithmetic
