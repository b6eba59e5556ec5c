#include "model/policy/own/footprint.h"

#include <algorithm>

namespace breakproof::model::own {
namespace {

constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kNoThread = 65535;  // a thread that could get no heap: it keeps no batches

// The shortest run of pages that holds at least so many blocks and leaves at most that part of it behind the last one.
SlabShape ShapeOf(std::uint64_t size) {
  const std::uint64_t least = size <= 512 ? 8 : size <= 8192 ? 2 : 1;
  const std::uint64_t part = size <= 1024 ? 16 : 8;
  for (std::uint64_t pages = 1;; ++pages) {
    const std::uint64_t bytes = pages * kPage, blocks = bytes / size;
    if (blocks >= least && (bytes - blocks * size) * part <= bytes) return {size, pages, blocks};
  }
}

std::vector<SlabShape> AllClasses() {
  std::vector<SlabShape> classes;
  for (std::uint64_t size = 16; size <= 128; size += 16) classes.push_back(ShapeOf(size));
  for (std::uint64_t base = 128; base < 32 << 10; base *= 2) {
    for (std::uint64_t step = 1; step <= 8; ++step) classes.push_back(ShapeOf(base + step * base / 8));
  }
  return classes;
}

// The first class whose blocks hold so many bytes. All sizes are multiples of 16, so one answer serves 16 numbers.
std::uint64_t ClassFor(std::uint64_t bytes) {
  static const std::vector<std::uint8_t> answers = [] {
    std::vector<std::uint8_t> all;
    for (std::uint8_t i = 0; i < Classes().size(); ++i) all.resize(Classes()[i].size / 16 + 1, i);
    return all;
  }();
  return answers[(bytes + 15) / 16];
}

}  // namespace

const std::vector<SlabShape>& Classes() {
  static const std::vector<SlabShape> classes = AllClasses();
  return classes;
}

Footprint::Owner& Footprint::OwnerOf(std::uint64_t thread) {
  if (thread >= owners_.size()) owners_.resize(thread + 1);
  return owners_[thread];
}

void Footprint::Allocated(std::uint64_t owner, std::uint64_t address, std::uint64_t usable) {
  const bool is_small = owner != 0 && usable <= constants_.largest_class;
  const Block block{is_small ? owner : 0, is_small ? ClassFor(usable) : 0, PagesFor(usable)};
  const auto [place, is_new] = blocks_.try_emplace(address, block);
  if (!is_new) {
    Freed(place->second.owner, address);
    blocks_.emplace(address, block);
  }
  if (is_small) {
    Count& count = OwnerOf(owner)[block.size_class];
    count.most = std::max(count.most, ++count.owned);
  } else {
    ++large_blocks_;
    large_pages_ += block.pages;
  }
}

void Footprint::Freed(std::uint64_t thread, std::uint64_t address) {
  const auto found = blocks_.find(address);
  if (found == blocks_.end()) return;
  const Block block = found->second;
  blocks_.erase(found);
  if (block.owner == 0) {
    --large_blocks_;
    large_pages_ -= block.pages;
    return;
  }
  if (thread == block.owner || thread == kNoThread) {
    --OwnerOf(block.owner)[block.size_class].owned;
    return;
  }
  if (thread >= batches_.size()) batches_.resize(thread + 1);
  batches_[thread].resize(constants_.batches);
  Batch& batch = batches_[thread][block.owner % constants_.batches];
  if (batch.bytes != 0 && batch.owner != block.owner) Send(&batch);
  batch.owner = block.owner;
  batch.classes.push_back(block.size_class);
  batch.bytes += Classes()[block.size_class].size;
  batched_bytes_ += Classes()[block.size_class].size;
  if (batch.bytes >= constants_.batch || batch.classes.size() >= constants_.batch_blocks) Send(&batch);
}

void Footprint::Send(Batch* batch) {
  for (const std::uint64_t size_class : batch->classes) --OwnerOf(batch->owner)[size_class].owned;
  batched_bytes_ -= batch->bytes;
  batch->bytes = 0;
  batch->classes.clear();
}

void Footprint::Sent(std::uint64_t thread) {
  if (thread >= batches_.size()) return;
  for (Batch& batch : batches_[thread]) Send(&batch);
}

// Pages in one run for the request of the operation: of a slab, or of a span of its own where the kernel has refused a
// mapping.
std::uint64_t Footprint::Need() const {
  const std::uint64_t slack = alignment_ > constants_.page ? alignment_ / constants_.page - 1 : 0;
  const std::uint64_t alone = PagesFor(std::max<std::uint64_t>(payload_, 1)) + slack;
  if (payload_ > constants_.largest_class || alignment_ > constants_.page) return alone;
  const std::uint64_t aligned = (std::max<std::uint64_t>(payload_, 1) + alignment_ - 1) / alignment_ * alignment_;
  return std::max(alone, Classes()[ClassFor(aligned)].pages);
}

std::uint64_t Footprint::LongestRun(std::uint64_t pages) const {
  return pages <= constants_.exact_search ? pages - 1 : pages + pages / 4 - 1;
}

// The most that the heap can have when nothing free serves the need.
std::uint64_t Footprint::PagesBefore(std::uint64_t need, std::uint64_t regions) const {
  std::uint64_t used = large_pages_, spans = large_blocks_;
  for (const Owner& owner : owners_) {
    for (std::uint64_t i = 0; i < Classes().size(); ++i) {
      if (owner[i].most == 0) continue;
      const std::uint64_t slabs = owner[i].most / Classes()[i].blocks + 1;
      spans += slabs;
      used += slabs * Classes()[i].pages;
    }
  }
  return used + (spans + regions) * LongestRun(need);
}

void Footprint::Grew(bool is_segment, std::uint64_t top_pad, std::uint64_t regions) {
  const std::uint64_t need = Need();
  // Once an operation: what the first growth has added may be free when the second comes.
  if (growths_++ == 0) bound_ = std::min(bound_, PagesBefore(need, regions) * constants_.page);
  // Whole pages, the first of which somebody else may have begun.
  const std::uint64_t growth = (need + PagesFor(top_pad) + 1) * constants_.page;
  bound_ += is_segment ? std::max(growth, constants_.min_segment) : growth;
}

}  // namespace breakproof::model::own
