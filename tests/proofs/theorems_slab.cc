// Theorems about slab.h. Those that multiply or divide by a class's size are stated once for each
// class, so that the size is a constant and the offset is what stands for all values.
#include <string>

#include "allocator/arithmetic/size_class.h"
#include "allocator/arithmetic/slab.h"
#include "tests/proofs/theorem.h"

namespace breakproof::arithmetic {
namespace {

using proofs::Implies;

std::string Label(const char* claim, std::uint64_t size_class) {
  return std::string(claim) + ", class " + std::to_string(size_class);
}

BREAKPROOF_THEOREM(Z19,
                   "A slab's blocks fill it but for a tail shorter than a block, at most a sixteenth of it up to blocks of 1 KiB, "
                   "an eighth above.") {
  for (std::uint64_t size_class = 0; size_class < kClassCount; ++size_class) {
    const Word size = ClassToSize<Word>(size_class);
    const SlabShape<Word> slab = ShapeOfSlab(size);
    const Word bytes = slab.pages * kPageSize;
    proof.Prove(Label("inside", size_class), slab.blocks * size <= bytes);
    proof.Prove(Label("no room for another", size_class), (slab.blocks + 1) * size > bytes);
    const Word tail = bytes - slab.blocks * size;
    proof.Prove(Label("a sixteenth up to 1 KiB", size_class), size > 1024 || tail * 16 <= bytes);
    proof.Prove(Label("an eighth", size_class), tail * 8 <= bytes);
  }
}

BREAKPROOF_THEOREM(Z20,
                   "A slab has 1 to 16 pages and 1 to 256 blocks, at least 8 of up to 512 bytes, 2 of up to 8 KiB; "
                   "no shorter one is as good.") {
  for (std::uint64_t size_class = 0; size_class < kClassCount; ++size_class) {
    const Word size = ClassToSize<Word>(size_class);
    const SlabShape<Word> slab = ShapeOfSlab(size);
    proof.Prove(Label("pages", size_class), slab.pages >= 1 && slab.pages <= 16);
    proof.Prove(Label("at most 256 blocks", size_class), slab.blocks >= 1 && slab.blocks <= 256);
    proof.Prove(Label("at least 8 up to 512 bytes", size_class), size > 512 || slab.blocks >= 8);
    proof.Prove(Label("at least 2 up to 8 KiB", size_class), size > 8192 || slab.blocks >= 2);
    const Word shorter = proof.Any("shorter");
    const SlabShape<Word> other = {shorter, shorter * kPageSize / size};
    proof.Prove(Label("the shortest", size_class),
                Implies(shorter >= 1 && shorter < slab.pages, !IsGoodShape(other, size)));
  }
}

BREAKPROOF_THEOREM(Z21, "BlockIndex equals the division, for every offset in every class's slab.") {
  const Word offset = proof.Any("offset");
  for (std::uint64_t size_class = 0; size_class < kClassCount; ++size_class) {
    const Word size = ClassToSize<Word>(size_class);
    const SlabShape<Word> slab = ShapeOfSlab(size);
    const Word index = BlockIndex(offset, ReciprocalOf(size));
    const Bool<Word> is_inside = offset < slab.blocks * size;
    proof.Prove(Label("one of the blocks", size_class), Implies(is_inside, index < slab.blocks));
    // The quotient is the one number with this property.
    proof.Prove(Label("the quotient", size_class),
                Implies(is_inside, index * size <= offset && offset - index * size < size));
  }
}

BREAKPROOF_THEOREM(Z42, "IsBlockStart is true exactly where a block begins, for every offset in every class's slab.") {
  const Word offset = proof.Any("offset");
  const Word index = proof.Any("index");
  for (std::uint64_t size_class = 0; size_class < kClassCount; ++size_class) {
    const Word size = ClassToSize<Word>(size_class);
    const SlabShape<Word> slab = ShapeOfSlab(size);
    const Word reciprocal = ReciprocalOf(size);
    const Word start = BlockOffset(BlockIndex(offset, reciprocal), size);
    proof.Prove(Label("no byte between blocks", size_class),
                Implies(offset < slab.pages * kPageSize && IsBlockStart(offset, reciprocal), offset == start));
    proof.Prove(Label("every block", size_class),
                Implies(index < slab.blocks, IsBlockStart(BlockOffset(index, size), reciprocal)));
  }
}

BREAKPROOF_THEOREM(Z22, "Every byte of every block leads back to the block's index.") {
  const Word index = proof.Any("index");
  const Word byte = proof.Any("byte");
  for (std::uint64_t size_class = 0; size_class < kClassCount; ++size_class) {
    const Word size = ClassToSize<Word>(size_class);
    const Bool<Word> is_inside = index < ShapeOfSlab(size).blocks && byte < size;
    const Word offset = BlockOffset(index, size) + byte;
    proof.Prove(Label("round trip", size_class),
                Implies(is_inside, BlockIndex(offset, ReciprocalOf(size)) == index));
  }
}

BREAKPROOF_THEOREM(Z23,
                   "Blocks lie inside their slab, one after the other, each aligned to the natural "
                   "alignment of its class.") {
  const Word slab_start = proof.Any("slab_start");
  const Word index = proof.Any("index");
  proof.Assume(slab_start % kPageSize == 0 && slab_start < Word(std::uint64_t{1} << 48));
  for (std::uint64_t size_class = 0; size_class < kClassCount; ++size_class) {
    const Word size = ClassToSize<Word>(size_class);
    const SlabShape<Word> slab = ShapeOfSlab(size);
    const Bool<Word> is_block = index < slab.blocks;
    const Word block = slab_start + BlockOffset(index, size);
    proof.Prove(Label("inside", size_class),
                Implies(is_block, block >= slab_start &&
                                      block + size <= slab_start + slab.pages * kPageSize));
    proof.Prove(Label("aligned", size_class),
                Implies(is_block, (block & (NaturalAlignment(size) - 1)) == 0));
    proof.Prove(Label("the next block starts at its end", size_class),
                Implies(is_block, slab_start + BlockOffset<Word>(index + 1, size) == block + size));
  }
}

}  // namespace
}  // namespace breakproof::arithmetic
