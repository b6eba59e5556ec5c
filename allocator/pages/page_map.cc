#include "allocator/pages/page_map.h"

namespace breakproof::allocator {

PageMapLeaf* PageMap::NewLeaf(const Kernel& kernel) {
  if (PageMapLeaf* const leaf = spare_) {
    spare_ = nullptr;
    return leaf;
  }
  constexpr std::size_t kBytes = arithmetic::AlignUp<std::uint64_t>(sizeof(PageMapLeaf), kPageSize);
  return static_cast<PageMapLeaf*>(kernel.map_metadata(kernel.context, kBytes));
}

bool PageMap::ReserveOnePage(const Kernel& kernel) {
  if (spare_ == nullptr) spare_ = NewLeaf(kernel);
  return spare_ != nullptr;
}

bool PageMap::Cover(const Kernel& kernel, std::uintptr_t start, std::uint64_t bytes) {
  const std::uint64_t last = arithmetic::RootIndex<std::uint64_t>(start + bytes - 1);
  if (last >= arithmetic::kRootSlots) return false;
  for (std::uint64_t root = arithmetic::RootIndex<std::uint64_t>(start); root <= last; ++root) {
    if (Load(root_[root]) != 0) continue;
    const PageMapLeaf* const leaf = NewLeaf(kernel);
    if (leaf == nullptr) return false;
    // Released: a reader on another thread must not see the leaf before its zeroes.
    const std::uintptr_t offset =
        reinterpret_cast<std::uintptr_t>(leaf) - reinterpret_cast<std::uintptr_t>(&empty_leaf_);
    __atomic_store_n(&root_[root], offset, __ATOMIC_RELEASE);
  }
  return true;
}

}  // namespace breakproof::allocator
