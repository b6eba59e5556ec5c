// What a program does with the bytes of a block that it was handed. A harness that writes every byte at once never hands
// back to the subject what the subject itself has left in memory, and programs do.
#pragma once

#include <cstdint>

namespace breakproof::harness {

enum class Content : std::uint8_t {
  kPattern,        // every byte is written, with a pattern of the block's own
  kUntouched,      // no byte is written: the block holds what the subject left there, or kept of the old block; nor is its
                   // usable size asked for, where the harness can do without
  kFirstWordLeft,  // every byte but those of the first word is written
  kLastByte,       // only the last byte is written
  kFirstHalf,      // only the first half is written
  kZero,           // zeroes
  kHostile,        // words that look like the subject's own (harness/execute/hostile.h)
};
inline constexpr int kContents = 7;

// As a case names them.
constexpr const char* NameOf(Content content) {
  constexpr const char* kNames[kContents] = {"pattern",    "untouched", "first_word_left", "last_byte",
                                             "first_half", "zero",      "hostile"};
  return kNames[static_cast<int>(content)];
}

}  // namespace breakproof::harness
