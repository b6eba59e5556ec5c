// Theorems about size_class.h.
#include "allocator/arithmetic/alignment.h"
#include "allocator/arithmetic/size_class.h"
#include "tests/proofs/theorem.h"

namespace breakproof::arithmetic {
namespace {

using proofs::Implies;

BREAKPROOF_THEOREM(
    Z11, "The class of a size up to 32 KiB is one of the 72, and its blocks hold the size.") {
  const Word size = proof.Any("size");
  proof.Assume(size <= kMaxClassSize);
  const Word size_class = SizeToClass(size);
  proof.Prove("one of the classes", size_class < kClassCount);
  proof.Prove("the block holds the size", ClassToSize(size_class) >= size);
}

BREAKPROOF_THEOREM(Z12, "The class of a size is the smallest that holds it.") {
  const Word size = proof.Any("size");
  proof.Assume(size <= kMaxClassSize);
  const Word size_class = SizeToClass(size);
  const Word one_less = Select<Word>(size_class == 0, 0, size_class - 1);
  proof.Prove("the class before is too small", size_class == 0 || ClassToSize(one_less) < size);
}

BREAKPROOF_THEOREM(Z13,
                   "A block wastes at most 15 bytes up to 128 (16 for size 0), and less than an "
                   "eighth of the size above.") {
  const Word size = proof.Any("size");
  proof.Assume(size <= kMaxClassSize);
  const Word waste = ClassToSize(SizeToClass(size)) - size;
  proof.Prove("size 0", Implies(size == 0, waste == 16));
  proof.Prove("sizes up to 128", Implies(size >= 1 && size <= 128, waste <= 15));
  proof.Prove("sizes above 128", Implies(size > 128, 8 * waste < size));
}

BREAKPROOF_THEOREM(Z14,
                   "SizeToClass never falls as sizes grow, and leaves the 72 classes exactly above "
                   "32 KiB, for all sizes.") {
  const Word smaller = proof.Any("smaller");
  const Word larger = proof.Any("larger");
  proof.Assume(smaller <= larger);
  proof.Prove("monotone", SizeToClass(smaller) <= SizeToClass(larger));
  proof.Prove("a class exactly up to 32 KiB",
              (SizeToClass(larger) < kClassCount) == (larger <= kMaxClassSize));
}

BREAKPROOF_THEOREM(Z15, "Every class size is a multiple of 16, from 16 to 32 KiB.") {
  const Word size_class = proof.Any("size_class");
  proof.Assume(size_class < kClassCount);
  const Word size = ClassToSize(size_class);
  proof.Prove("a multiple of 16", size % 16 == 0);
  proof.Prove("at least 16", size >= 16);
  proof.Prove("at most 32 KiB", size <= kMaxClassSize);
}

BREAKPROOF_THEOREM(
    Z16, "Class sizes strictly increase, and the class of a class's size is that class.") {
  const Word size_class = proof.Any("size_class");
  proof.Assume(size_class < kClassCount);
  const Word size = ClassToSize(size_class);
  proof.Prove("round trip", SizeToClass(size) == size_class);
  proof.Prove("the next class is larger",
              size_class == kClassCount - 1 || ClassToSize<Word>(size_class + 1) > size);
}

BREAKPROOF_THEOREM(
    Z17,
    "NaturalAlignment is the largest power of two that divides the size and is at most a page.") {
  const Word size = proof.Any("size");
  proof.Assume(size != 0);
  const Word alignment = NaturalAlignment(size);
  proof.Prove("a power of two", IsPowerOfTwo(alignment));
  proof.Prove("at most a page", alignment <= kPageSize);
  proof.Prove("divides the size", (size & (alignment - 1)) == 0);
  proof.Prove("the largest", alignment == kPageSize || (size & (2 * alignment - 1)) != 0);
}

BREAKPROOF_THEOREM(Z18,
                   "AlignedSizeToClass is the smallest class that holds the size and has the "
                   "alignment, up to a page.") {
  const Word size = proof.Any("size");
  const Word k = proof.Any("k");
  const Word other = proof.Any("other_class");
  proof.Assume(k < 64);
  const Word alignment = Word(1) << k;
  proof.Assume(HasAlignedClass(size, alignment) && other < kClassCount);
  const Word size_class = AlignedSizeToClass(size, alignment);
  proof.Prove("one of the classes", size_class < kClassCount);
  proof.Prove("the block holds the size", ClassToSize(size_class) >= size);
  proof.Prove("aligned", NaturalAlignment(ClassToSize(size_class)) >= alignment);
  const Word other_size = ClassToSize(other);
  proof.Prove("no smaller class will do",
              Implies(other_size >= size && NaturalAlignment(other_size) >= alignment,
                      other >= size_class));
}

}  // namespace
}  // namespace breakproof::arithmetic
