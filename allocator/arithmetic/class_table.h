// The shipped tables of size classes and slabs, and the fast way from a size to its class.
//
// The proofs are about the functions of size_class.h and slab.h; the assertions below show, for
// every entry, that the tables say the same.
#pragma once

#include <cstdint>

#include "allocator/arithmetic/size_class.h"
#include "allocator/arithmetic/slab.h"

namespace breakproof::arithmetic {

// The block size of each class, in bytes.
inline constexpr std::uint32_t kClassSizes[] = {
    16,     32,     48,     64,     80,     96,     112,    128,     //
    144,    160,    176,    192,    208,    224,    240,    256,     //
    288,    320,    352,    384,    416,    448,    480,    512,     //
    576,    640,    704,    768,    832,    896,    960,    1024,    //
    1152,   1280,   1408,   1536,   1664,   1792,   1920,   2048,    //
    2304,   2560,   2816,   3072,   3328,   3584,   3840,   4096,    //
    4608,   5120,   5632,   6144,   6656,   7168,   7680,   8192,    //
    9216,   10240,  11264,  12288,  13312,  14336,  15360,  16384,   //
    18432,  20480,  22528,  24576,  26624,  28672,  30720,  32768,   //
};
static_assert(sizeof(kClassSizes) / sizeof(kClassSizes[0]) == kClassCount);

// What the allocator looks up by class.
struct ClassInfo {
  std::uint32_t size;        // of a block, in bytes
  std::uint32_t reciprocal;  // for BlockIndex and IsBlockStart
  std::uint16_t blocks;      // in a slab
  std::uint8_t pages;        // of a slab
};
static_assert(sizeof(ClassInfo) == 12, "five classes should share a cache line");

struct ClassInfoTable {
  ClassInfo of[kClassCount];
};

constexpr ClassInfoTable MakeClassInfoTable() {
  ClassInfoTable table = {};
  for (std::uint64_t size_class = 0; size_class < kClassCount; ++size_class) {
    const std::uint64_t size = kClassSizes[size_class];
    const SlabShape<std::uint64_t> slab = ShapeOfSlab(size);
    table.of[size_class] = {
        static_cast<std::uint32_t>(size), static_cast<std::uint32_t>(ReciprocalOf(size)),
        static_cast<std::uint16_t>(slab.blocks), static_cast<std::uint8_t>(slab.pages)};
  }
  return table;
}

inline constexpr ClassInfoTable kClassInfo = MakeClassInfoTable();

// Sizes up to this one, which are nearly all requests of most programs, find their class in a
// table.
inline constexpr std::uint64_t kMaxTableSize = 1024;

// The class of each number of 16-byte granules.
struct GranuleTable {
  std::uint8_t class_of[kMaxTableSize / kMinAlignment + 1];
};

// Built from the meaning of a class, the smallest block that holds the size, and not from
// SizeToClass.
constexpr GranuleTable MakeGranuleTable() {
  GranuleTable table = {};
  std::uint8_t size_class = 0;
  for (std::uint64_t size = 0; size <= kMaxTableSize; size += kMinAlignment) {
    while (kClassSizes[size_class] < size) ++size_class;
    table.class_of[size / kMinAlignment] = size_class;
  }
  return table;
}

inline constexpr GranuleTable kGranuleTable = MakeGranuleTable();

// SizeToClass for sizes of at most kMaxTableSize: one load.
constexpr std::uint64_t SmallSizeToClass(std::uint64_t size) {
  return kGranuleTable.class_of[(size + (kMinAlignment - 1)) / kMinAlignment];
}

// SizeToClass for every size, by the table where it reaches.
constexpr std::uint64_t FastSizeToClass(std::uint64_t size) {
  return size <= kMaxTableSize ? SmallSizeToClass(size) : SizeToClass(size);
}

// The assertions: every entry of every table against the functions that the theorems are about.

constexpr bool ClassSizesAreRight() {
  for (std::uint64_t size_class = 0; size_class < kClassCount; ++size_class) {
    if (kClassSizes[size_class] != ClassToSize(size_class)) return false;
  }
  return true;
}
static_assert(ClassSizesAreRight());

constexpr bool GranuleTableIsRight() {
  for (std::uint64_t size = 0; size <= kMaxTableSize; ++size) {
    if (SmallSizeToClass(size) != SizeToClass(size)) return false;
  }
  return true;
}
static_assert(GranuleTableIsRight());

constexpr bool ClassInfoIsRight() {
  for (std::uint64_t size_class = 0; size_class < kClassCount; ++size_class) {
    const ClassInfo& info = kClassInfo.of[size_class];
    const std::uint64_t size = ClassToSize(size_class);
    const SlabShape<std::uint64_t> slab = ShapeOfSlab(size);
    if (info.size != size || info.reciprocal != ReciprocalOf(size)) return false;
    if (info.blocks != slab.blocks || info.pages != slab.pages) return false;
  }
  return true;
}
static_assert(ClassInfoIsRight(), "an entry is wrong, or its field is too narrow");

}  // namespace breakproof::arithmetic
