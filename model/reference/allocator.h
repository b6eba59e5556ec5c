// The reference allocator: the simplest allocator that fulfils the whole contract.
//
// First fit over one list of blocks, sorted by address and kept out of band: what no block covers is free.
// Memory comes from the program break; requests at or above a threshold get a mapping of their own, and each
// stands in for the other when the kernel refuses. All quantities are bytes or addresses.
//
// It is written to be verified, hence a template over the System it runs on:
//   Word, Bool                        64-bit unsigned numbers and conditions on them; terms of a solver in a proof
//   bool Decide(Bool)                 the truth of a condition; a proof takes both branches, one after the other
//   {Word low, high} Multiply(x, y)   the product in full
//   Word Break()                      the program break, wherever others have moved it
//   bool MoveBreak(Word increment)    two's complement; false: refused, nothing changed
//   bool Map(Word length, Word*)      fresh zeroed pages; Unmap(start, length) and Remap(Word* start, old, new) likewise
//   void Copy(to, from, n), Clear(to, n)   the only accesses to payloads
// One thread only. No mallopt: model/heap promises nothing of it. What it pins is policy, of which model/policy/own judges
// the production allocator; here the thresholds only have to move as glibc's do.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace breakproof::model::reference {

inline constexpr std::uint64_t kUnit = 16;        // every block's length and alignment is a multiple (max_align_t)
inline constexpr std::uint64_t kPageBytes = 4096;
inline constexpr std::uint64_t kMaxBytes = INT64_MAX;  // PTRDIFF_MAX: nothing longer can exist

// The numbers of the policy; a search scales them down, so that it meets their boundaries soon.
struct Policy {
  std::uint64_t threshold = 128 << 10;     // from here on a request gets its own mapping, at first
  std::uint64_t max_threshold = 32 << 20;  // adaptation stops here
  std::uint64_t top_pad = 128 << 10;       // what growth adds to the need, and a trim leaves
};

// `unit` is a power of two. Rounding up wraps for the last `unit` - 1 numbers; the allocator never gets there.
template <typename Word>
Word RoundDown(Word x, Word unit) {
  return x & ~(unit - 1);
}
template <typename Word>
Word RoundUp(Word x, Word unit) {
  return RoundDown<Word>(x + (unit - 1), unit);
}
template <typename Word>
auto IsPowerOfTwo(Word x) {
  return x != 0 && (x & (x - 1)) == 0;
}

// A stretch of the heap that is not free.
template <typename System>
struct Block {
  typename System::Word start;
  typename System::Word length;
  typename System::Bool is_ours;  // false: between two of our growths somebody else raised the break
};

template <typename System>
struct Mapping {
  typename System::Word start;
  typename System::Word length;
  typename System::Word block;   // what the caller has: start, or the first aligned address behind it
  typename System::Bool is_live;  // false: freed, but the kernel refused to take it back
};

template <typename System>
struct Heap {
  typename System::Word base;  // the heap is [base, end)
  typename System::Word end;   // the break, as long as nobody else moves it
  typename System::Word mmap_threshold;
  typename System::Word trim_threshold;
  std::vector<Block<System>> blocks;      // sorted by address
  std::vector<Mapping<System>> mappings;  // in the order of their making
};

template <typename System>
Heap<System> EmptyHeap(System& system, const Policy& policy) {
  const auto start = system.Break();
  return {start, start, policy.threshold, policy.threshold, {}, {}};
}

template <typename System>
struct Reply {
  typename System::Word address = 0;  // NULL on failure, and from realloc(p, 0)
  int error = 0;           // what errno becomes (posix_memalign: what it returns); 0 leaves it alone
  bool is_zero = false;    // every byte of the block is zero
  bool is_misuse = false;  // U1: the argument is no live block of ours; nothing was done
};

// The heap, and what steps and entry points ask of it.
template <typename System>
class Books {
 public:
  using Word = typename System::Word;
  using Bool = typename System::Bool;
  using Reply = reference::Reply<System>;

  Books(System& system, const Policy& policy, Heap<System>& heap) : system_(system), policy_(policy), heap_(heap) {}

 protected:
  bool Is(Bool condition) { return system_.Decide(condition); }
  bool IsBlock(std::size_t i, Word address) { return Is(heap_.blocks[i].is_ours && heap_.blocks[i].start == address); }
  bool IsMapping(std::size_t i, Word address) {
    return Is(heap_.mappings[i].is_live && heap_.mappings[i].block == address);
  }

  static Reply Failure(int error) { return {.error = error}; }
  // Both may be replaced by what a proof knows of them, hence no template arguments.
  static Word Up(Word x, Word unit) { return RoundUp(x, unit); }
  static Word Down(Word x, Word unit) { return RoundDown(x, unit); }
  static Word End(const Block<System>& block) { return block.start + block.length; }
  static Word Usable(const Mapping<System>& mapping) { return mapping.length - (mapping.block - mapping.start); }

  Word LengthFor(Word size) { return Is(size == 0) ? Word(kUnit) : Up(size, kUnit); }

  System& system_;
  const Policy& policy_;
  Heap<System>& heap_;
};

// The two steps that change the set of blocks.
template <typename System>
class Steps : public Books<System> {
 public:
  using Books<System>::Books;
  using typename Books<System>::Bool;
  using typename Books<System>::Reply;
  using typename Books<System>::Word;

  // A block of any size, at any power of two from kUnit on.
  Reply Allocate(Word size, Word alignment) {
    if (Is(alignment > kMaxBytes || size > kMaxBytes - alignment)) return Failure(ENOMEM);  // H8
    const Word length = LengthFor(size);
    const bool mapping_first = Is(size >= heap_.mmap_threshold);
    Reply reply;
    if (mapping_first && MapBlock(length, alignment, &reply)) return reply;
    if (FirstFit(length, alignment, &reply) || Grow(length, alignment, &reply)) return reply;
    if (!mapping_first && MapBlock(length, alignment, &reply)) return reply;
    return Failure(ENOMEM);
  }

  Reply Free(Word address) {
    if (Is(address == 0)) return {};
    for (std::size_t i = 0; i < heap_.blocks.size(); ++i) {
      if (!IsBlock(i, address)) continue;
      heap_.blocks.erase(heap_.blocks.begin() + static_cast<std::ptrdiff_t>(i));
      Trim();
      return {};
    }
    for (std::size_t i = 0; i < heap_.mappings.size(); ++i) {
      if (!IsMapping(i, address)) continue;
      Adapt(heap_.mappings[i].length);
      heap_.mappings[i].is_live = Bool(false);
      ReturnMappings();
      return {};
    }
    return {.is_misuse = true};
  }

 protected:
  using Books<System>::Failure;
  using Books<System>::heap_;
  using Books<System>::Is;
  using Books<System>::IsBlock;
  using Books<System>::IsMapping;
  using Books<System>::LengthFor;
  using Books<System>::system_;
  using Books<System>::Up;

 private:
  using Books<System>::Down;
  using Books<System>::End;
  using Books<System>::policy_;

  bool FirstFit(Word length, Word alignment, Reply* reply) {
    Word gap = heap_.base;
    for (std::size_t i = 0; i < heap_.blocks.size(); ++i) {
      if (Place(i, gap, heap_.blocks[i].start, length, alignment, reply)) return true;
      gap = End(heap_.blocks[i]);
    }
    return Place(heap_.blocks.size(), gap, heap_.end, length, alignment, reply);
  }

  // Puts a block into [gap, limit), before the block number `i`, if it fits.
  bool Place(std::size_t i, Word gap, Word limit, Word length, Word alignment, Reply* reply) {
    const Word start = Up(gap, alignment);
    if (!Is(start <= limit && length <= limit - start)) return false;
    heap_.blocks.insert(heap_.blocks.begin() + static_cast<std::ptrdiff_t>(i), {start, length, Bool(true)});
    *reply = {.address = start};
    return true;
  }

  Word Top() const { return heap_.blocks.empty() ? heap_.base : End(heap_.blocks.back()); }

  // Raises the break so that the block fits behind all others; with padding if that can be had.
  bool Grow(Word length, Word alignment, Reply* reply) {
    const Word now = system_.Break();
    const bool is_foreign = Is(now != heap_.end);
    const Word top = is_foreign ? now : Top();
    const Word need = Up(top, alignment) + length - now;
    if (!RaiseBreak(Up(need + policy_.top_pad, kPageBytes), now, is_foreign) &&
        !RaiseBreak(Up(need, kPageBytes), now, is_foreign))
      return false;
    return Place(heap_.blocks.size(), top, heap_.end, length, alignment, reply);
  }

  bool RaiseBreak(Word increment, Word now, bool is_foreign) {
    if (Is(increment > kMaxBytes) || !system_.MoveBreak(increment)) return false;  // sbrk takes it as signed
    if (is_foreign) heap_.blocks.push_back({heap_.end, now - heap_.end, Bool(false)});
    heap_.end = now + increment;
    return true;
  }

  // Gives the top back in whole pages once there is enough of it, unless somebody else's memory lies above.
  void Trim() {
    const Word free = heap_.end - Top();
    if (!Is(free >= heap_.trim_threshold && free > policy_.top_pad)) return;
    const Word bytes = Down(free - policy_.top_pad, kPageBytes);
    if (Is(bytes == 0) || Is(system_.Break() != heap_.end)) return;
    if (system_.MoveBreak(0 - bytes)) heap_.end = heap_.end - bytes;
  }

  bool MapBlock(Word bytes, Word alignment, Reply* reply) {
    // The kernel aligns to pages: more than that must be found inside a longer mapping.
    const Word slack = Is(alignment > kPageBytes) ? alignment - kPageBytes : Word(0);
    const Word length = Up(bytes, kPageBytes) + slack;
    Word start = 0;
    if (Is(length > kMaxBytes) || !system_.Map(length, &start)) return false;
    heap_.mappings.push_back({start, length, Up(start, alignment), Bool(true)});
    *reply = {.address = heap_.mappings.back().block, .is_zero = true};
    return true;
  }

  // A mapping that is freed shows that blocks of its size come and go: from now on the heap serves them.
  void Adapt(Word length) {
    if (!Is(length >= heap_.mmap_threshold && length <= policy_.max_threshold - kPageBytes)) return;
    heap_.mmap_threshold = length + kPageBytes;
    heap_.trim_threshold = heap_.mmap_threshold + heap_.mmap_threshold;
  }

  // Those that the kernel refuses to take stay in the list and are tried again at the next time.
  void ReturnMappings() {
    std::vector<Mapping<System>> kept;
    for (const Mapping<System>& mapping : heap_.mappings)
      if (Is(mapping.is_live) || !system_.Unmap(mapping.start, mapping.length)) kept.push_back(mapping);
    heap_.mappings = kept;
  }
};

// The entry points: tests of arguments around the two steps, and realloc. A proof may put in place of `Steps` what is
// proved of them.
template <typename System, typename StepsOf = Steps<System>>
class Allocator : public StepsOf {
 public:
  using StepsOf::Allocate;
  using StepsOf::Free;
  using StepsOf::StepsOf;
  using typename StepsOf::Bool;
  using typename StepsOf::Reply;
  using typename StepsOf::Word;

  Reply Malloc(Word size) { return Allocate(size, kUnit); }

  Reply Calloc(Word count, Word size) {
    const auto bytes = system_.Multiply(count, size);
    if (Is(bytes.high != 0)) return Failure(ENOMEM);
    const Reply reply = Allocate(bytes.low, kUnit);
    if (reply.error == 0 && !reply.is_zero) system_.Clear(reply.address, bytes.low);  // H5
    return reply;
  }

  // H6: POSIX wants a power of two that is a multiple of a pointer's size; the rest of the family the former only.
  Reply PosixMemalign(Word alignment, Word size) {
    if (Is(alignment < sizeof(void*))) return Failure(EINVAL);
    return AlignedAlloc(alignment, size);
  }

  Reply AlignedAlloc(Word alignment, Word size) {
    if (!Is(IsPowerOfTwo(alignment))) return Failure(EINVAL);
    return Allocate(size, Is(alignment < kUnit) ? Word(kUnit) : alignment);
  }

  Reply Memalign(Word alignment, Word size) { return AlignedAlloc(alignment, size); }

  Reply Valloc(Word size) { return Allocate(size, kPageBytes); }

  Reply Pvalloc(Word size) {
    if (Is(size > kMaxBytes)) return Failure(ENOMEM);
    return Allocate(Up(size, kPageBytes), kPageBytes);
  }

  Reply Realloc(Word address, Word size) {
    if (Is(address == 0)) return Malloc(size);
    if (Is(size == 0)) return Free(address);  // glibc's choice
    if (Is(size > kMaxBytes)) return Failure(ENOMEM);
    for (std::size_t i = 0; i < heap_.blocks.size(); ++i)
      if (IsBlock(i, address)) return ReallocBlock(i, size);
    for (std::size_t i = 0; i < heap_.mappings.size(); ++i)
      if (IsMapping(i, address)) return ReallocMapping(i, size);
    return {.is_misuse = true};
  }

  Reply Reallocarray(Word address, Word count, Word size) {
    const auto bytes = system_.Multiply(count, size);
    if (Is(bytes.high != 0)) return Failure(ENOMEM);
    return Realloc(address, bytes.low);
  }

  // Bytes that the caller may use; 0 for NULL and for what is no live block of ours.
  Word UsableSize(Word address) {
    for (std::size_t i = 0; i < heap_.blocks.size(); ++i)
      if (IsBlock(i, address)) return heap_.blocks[i].length;
    for (std::size_t i = 0; i < heap_.mappings.size(); ++i)
      if (IsMapping(i, address)) return Usable(heap_.mappings[i]);
    return 0;
  }

 private:
  using StepsOf::Failure;
  using StepsOf::heap_;
  using StepsOf::Is;
  using StepsOf::IsBlock;
  using StepsOf::IsMapping;
  using StepsOf::LengthFor;
  using StepsOf::system_;
  using StepsOf::Up;
  using StepsOf::Usable;

  Reply ReallocBlock(std::size_t i, Word size) {
    Block<System>& block = heap_.blocks[i];
    const Word limit = i + 1 < heap_.blocks.size() ? heap_.blocks[i + 1].start : heap_.end;
    const Word length = LengthFor(size);
    if (!Is(length <= limit - block.start)) return Move(block.start, block.length, size);
    block.length = length;
    return {.address = block.start};
  }

  Reply ReallocMapping(std::size_t i, Word size) {
    Mapping<System>& mapping = heap_.mappings[i];
    const Word usable = Usable(mapping);
    const Word offset = mapping.block - mapping.start;
    const Word length = Up(offset + size, kPageBytes);
    if (Is(length != mapping.length)) {
      Word start = mapping.start;
      if (!Is(length > kMaxBytes) && system_.Remap(&start, mapping.length, length)) {
        mapping = {start, length, start + offset, Bool(true)};
      } else if (Is(size > usable)) {  // too short, and it cannot grow; one too long would do
        return Move(mapping.block, usable, size);
      }
    }
    return {.address = mapping.block};
  }

  // H7: nothing is given up before the new block is there.
  Reply Move(Word from, Word usable, Word size) {
    const Reply reply = Allocate(size, kUnit);
    if (reply.error != 0) return reply;
    system_.Copy(reply.address, from, usable);  // all of it: only a block that is too short moves
    Free(from);
    return {.address = reply.address};
  }
};

}  // namespace breakproof::model::reference
