#include "harness/execute/cpp_operators.h"

namespace breakproof::harness {

using model::Entry;
using model::Has;
using model::NewTrait;

namespace {

constexpr char kNothrow = 0;  // std::nothrow is a tag: an address that nobody reads

// Of a subject's pair for single objects and for arrays. The default for arrays calls the other one.
template <typename Function>
Function Pick(Function const (&pair)[2], bool is_array) {
  return is_array && pair[1] != nullptr ? pair[1] : pair[0];
}

// libstdc++'s, where the subject has none: size 0 is another request for a byte.
void* DefaultNew(const MallocFamily& family, std::uint64_t size) { return family.malloc(size == 0 ? 1 : size); }

// C11 wanted sizes to be multiples of the alignment.
void* DefaultNewAligned(const MallocFamily& family, std::uint64_t size, std::uint64_t alignment) {
  if (alignment < sizeof(void*)) alignment = sizeof(void*);
  std::uint64_t rounded;
  if (__builtin_add_overflow(size == 0 ? 1 : size, alignment - 1, &rounded)) return nullptr;
  return family.aligned_alloc(alignment, rounded & -alignment);
}

void DeleteAligned(const CppOperators& own, Entry form, bool is_array, void* block, std::uint64_t size,
                   std::uint64_t alignment) {
  if (const auto sized = Pick(own.release_aligned_sized, is_array); form == Entry::kDeleteSized && sized != nullptr) {
    return sized(block, size, alignment);
  }
  const auto nothrow = Pick(own.release_aligned_nothrow, is_array);
  if (form == Entry::kDeleteNothrow && nothrow != nullptr) return nothrow(block, alignment, &kNothrow);
  Pick(own.release_aligned, is_array)(block, alignment);
}

void DeleteUnaligned(const CppOperators& own, Entry form, bool is_array, void* block, std::uint64_t size) {
  const auto sized = Pick(own.release_sized, is_array);
  if (form == Entry::kDeleteSized && sized != nullptr) return sized(block, size);
  const auto nothrow = Pick(own.release_nothrow, is_array);
  if (form == Entry::kDeleteNothrow && nothrow != nullptr) return nothrow(block, &kNothrow);
  Pick(own.release, is_array)(block);
}

}  // namespace

std::uint64_t NewAlignment(std::uint64_t alignment) {
  constexpr std::uint64_t kLargest = 1ull << 63;
  if (alignment <= 1) return 1;
  return alignment > kLargest / 2 ? kLargest : 1ull << (64 - __builtin_clzll(alignment - 1));
}

void* New(const MallocFamily& family, Entry form, std::uint64_t size, std::uint64_t alignment) {
  const CppOperators& own = family.operators;
  const bool is_array = Has(form, NewTrait::kArray);
  const bool is_nothrow = Has(form, NewTrait::kNothrow);
  if (Has(form, NewTrait::kAligned)) {
    if (!own.HasAligned()) return DefaultNewAligned(family, size, alignment);
    const auto nothrow = Pick(own.allocate_aligned_nothrow, is_array);
    return is_nothrow && nothrow != nullptr ? nothrow(size, alignment, &kNothrow)
                                            : Pick(own.allocate_aligned, is_array)(size, alignment);
  }
  if (!own.HasPlain()) return DefaultNew(family, size);
  const auto nothrow = Pick(own.allocate_nothrow, is_array);
  return is_nothrow && nothrow != nullptr ? nothrow(size, &kNothrow) : Pick(own.allocate, is_array)(size);
}

void Delete(const MallocFamily& family, Entry form, Entry maker, void* block, std::uint64_t size,
            std::uint64_t alignment) {
  const CppOperators& own = family.operators;
  const bool is_array = Has(maker, NewTrait::kArray);
  const bool is_aligned = Has(maker, NewTrait::kAligned);
  if (!(is_aligned ? own.HasAligned() : own.HasPlain())) return family.free(block);
  if (is_aligned) return DeleteAligned(own, form, is_array, block, size, alignment);
  DeleteUnaligned(own, form, is_array, block, size);
}

}  // namespace breakproof::harness
