// H13: how much memory an allocator of this design can be led to buy, as a bound that follows from what its callers did.
//
// Small blocks. A thread cuts a new slab of a class only when it has no free block of that class left: what is on the
// way home to it was taken in, its bin and all its slabs are empty. So all blocks of its slabs are then live, or in
// batches of other threads that have freed them. If `owned` is the most that ever were either, of B blocks a slab,
//
//     slabs of one owner and class  <=  floor(owned / B) + 1
//
// Large blocks below the threshold are whole pages each.
//
// Holes. The heap grows only when no free run serves the need of n pages. Free neighbours are joined, so K spans in use
// in r regions (the break as far as nobody else interrupts it, each segment) leave at most K + r free runs, of fewer than
// n pages each; a run up to a quarter longer may be overlooked where n > 64. Thus when the heap grows, it has
//
//     pages  <=  used + (K + r) * longest(n)          longest(n) = n - 1, above 64 pages n + n/4 - 1
//
// and a growth adds no more than the need and the padding; of segments at least 1 MiB. Between growths the heap only
// becomes smaller, by what is given back, but for a mapping that the kernel would not take and that the heap retails.
//
// The first term is the sum of per-class peaks, the second what Robson's bound says no allocator can do without. A leak
// shows at the next growth for a few pages, where the second term is small.
// Own mappings are exact (K1 to K3) and not part of it. Bytes, but where it says pages or blocks.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory_resource>
#include <unordered_map>
#include <vector>

namespace breakproof::model::own {

struct FootprintConstants {
  std::uint64_t page = 4096;
  std::uint64_t largest_class = 32 << 10;   // bytes
  std::uint64_t batch = 16 << 10;           // bytes; a batch of blocks for another owner is sent when it has so many
  std::uint64_t batch_blocks = 63;          // the same
  std::uint64_t batches = 8;                // a thread's; owners share them by number
  std::uint64_t exact_search = 64;          // pages; up to here the search finds every run that serves
  std::uint64_t min_segment = 1 << 20;      // bytes
};

// How the blocks of one class are cut.
struct SlabShape {
  std::uint64_t size = 0;    // of a block
  std::uint64_t pages = 0;   // of a slab
  std::uint64_t blocks = 0;  // of a slab
};
// 16 to 128 in steps of 16, then eight for each doubling up to 32 KiB, ascending.
const std::vector<SlabShape>& Classes();

class Footprint {
 public:
  explicit Footprint(const FootprintConstants& constants = {}) : constants_(constants) {}
  // The nodes of its books come from there: nearly every operation needs one or gives one back.
  explicit Footprint(std::pmr::memory_resource* nodes) : blocks_(nodes) {}

  // Thread heaps go by their numbers, from 1.
  // A block of the heap, with its usable size: of the owner's slabs, or, owner 0, with a span of its own. A block that
  // is known already may have another length now.
  void Allocated(std::uint64_t owner, std::uint64_t address, std::uint64_t usable);
  // By `thread`. What is no block of the heap is a mapping, and of no concern.
  void Freed(std::uint64_t thread, std::uint64_t address);
  // The thread has sent its batches: at its end, and in malloc_trim. A thread without a heap has none.
  void Sent(std::uint64_t thread);

  // An operation begins.
  void Begin(std::uint64_t payload, std::uint64_t alignment) { payload_ = payload, alignment_ = alignment, growths_ = 0; }
  // The heap has grown, by the break or a segment, in `regions` regions before.
  void Grew(bool is_segment, std::uint64_t top_pad, std::uint64_t regions);
  // A mapping has become the heap's.
  void Retailed(std::uint64_t bytes) { bound_ += bytes; }
  // The heap has given so much back.
  void Shrank(std::uint64_t bytes) { bound_ -= std::min(bound_, bytes); }

  // The most that the heap can have now.
  std::uint64_t bound() const { return bound_; }
  // Blocks that lie in batches.
  std::uint64_t batched_bytes() const { return batched_bytes_; }

 private:
  static constexpr std::uint64_t kMostClasses = 72;
  struct Count {
    std::uint32_t owned = 0;  // live or in a batch
    std::uint32_t most = 0;
  };
  using Owner = std::array<Count, kMostClasses>;
  struct Block {
    std::uint64_t owner;       // 0: a span of its own
    std::uint64_t size_class;
    std::uint64_t pages;
  };
  struct Batch {
    std::uint64_t owner = 0;
    std::uint64_t bytes = 0;
    std::vector<std::uint64_t> classes;  // of its blocks
  };

  std::uint64_t PagesFor(std::uint64_t bytes) const { return (bytes + constants_.page - 1) / constants_.page; }
  std::uint64_t Need() const;
  std::uint64_t PagesBefore(std::uint64_t need, std::uint64_t regions) const;
  std::uint64_t LongestRun(std::uint64_t pages) const;
  Owner& OwnerOf(std::uint64_t thread);
  void Send(Batch* batch);

  FootprintConstants constants_;
  std::pmr::unordered_map<std::uint64_t, Block> blocks_;  // by address
  std::uint64_t large_blocks_ = 0, large_pages_ = 0;
  std::vector<Owner> owners_;                          // by number
  std::vector<std::vector<Batch>> batches_;            // by number of who frees
  std::uint64_t batched_bytes_ = 0;
  std::uint64_t bound_ = 0;
  // Of the operation under way:
  std::uint64_t payload_ = 0, alignment_ = 1, growths_ = 0;
};

}  // namespace breakproof::model::own
