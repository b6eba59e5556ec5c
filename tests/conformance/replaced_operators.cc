// A program that replaces the plain operators new and delete alone: the array, sized and nothrow forms, which it has
// from the library, call the replacements, as the standard says. Blocks of its own would end in a free that does not
// know them. Holds for libstdc++'s own operators too.
#include "tests/conformance/check.h"

#include <new>

namespace {

constexpr size_t kPool = 1 << 20;
alignas(64) char pool[kPool];
size_t used;
int allocated, released, aligned_allocated, aligned_released;

bool IsFromPool(const void* block) { return block >= pool && block < pool + kPool; }

void* Take(size_t size) {
  used = (used + 63) / 64 * 64;
  if (size > kPool - used) throw std::bad_alloc();
  used += size;
  return pool + used - size;
}

void* AllocatePlain(size_t size) {
  ++allocated;
  return Take(size);
}

void* AllocateAligned(size_t size) {
  ++aligned_allocated;
  return Take(size);
}

constexpr std::align_val_t kAlign{64};

}  // namespace

void* operator new(size_t size) { return AllocatePlain(size); }
void* operator new(size_t size, std::align_val_t) { return AllocateAligned(size); }
void operator delete(void* block) noexcept {
  ++released;
  CHECK(IsFromPool(block));
}
void operator delete(void* block, std::align_val_t) noexcept {
  ++aligned_released;
  CHECK(IsFromPool(block));
}

int main() {
  CHECK(IsExpectedMalloc());
  CHECK(!IsFromPool(OPAQUE(malloc)(10)));
  allocated = aligned_allocated = 0;  // the runtime's start may have some
  released = aligned_released = 0;
  void* const blocks[] = {::operator new(10), ::operator new[](10), ::operator new(10, std::nothrow),
                          ::operator new[](10, std::nothrow)};
  for (void* block : blocks) CHECK(IsFromPool(block));
  CHECK(allocated == 4);
  ::operator delete(blocks[0], size_t{10});
  ::operator delete[](blocks[1], size_t{10});
  ::operator delete(blocks[2], std::nothrow);
  ::operator delete[](blocks[3]);
  CHECK(released == 4);

  void* const aligned[] = {::operator new(10, kAlign), ::operator new[](10, kAlign),
                           ::operator new(10, kAlign, std::nothrow), ::operator new[](10, kAlign, std::nothrow)};
  for (void* block : aligned) CHECK(IsFromPool(block));
  CHECK(aligned_allocated == 4 && allocated == 4);
  ::operator delete(aligned[0], size_t{10}, kAlign);
  ::operator delete[](aligned[1], size_t{10}, kAlign);
  ::operator delete(aligned[2], kAlign, std::nothrow);
  ::operator delete[](aligned[3], kAlign);
  CHECK(aligned_released == 4 && released == 4);

  CHECK(::operator new(kPool + 1, std::nothrow) == nullptr);  // the replacement throws
  CHECK(::operator new[](kPool + 1, kAlign, std::nothrow) == nullptr);
}
