// Where the heap's memory comes from, and how it goes back: top, the break, and mappings in its place.
#include "model/policy/glibc/heap.h"

namespace breakproof::model::glibc {

std::uint64_t Heap::CarveTop(std::uint64_t size) {
  const std::uint64_t chunk = top_;
  chunks_[chunk] = {size, false};
  top_ += size;
  top_size_ -= size;
  return chunk;
}

// Neither free chunks nor top serve this size.
std::optional<std::uint64_t> Heap::GetMore(std::uint64_t size) {
  const Thresholds& thresholds = context_.thresholds;
  if (size >= thresholds.mmap) {
    if (mapped_.count() < thresholds.mmap_max) {
      if (const auto chunk = mapped_.Map(size)) return chunk;
      context_.Exercise(PolicyRule::kP5);
    } else {
      context_.Exercise(PolicyRule::kP13);
    }
  }
  ExtendTop(size);
  if (TopServes(size)) return CarveTop(size);
  return std::nullopt;
}

void Heap::ExtendTop(std::uint64_t size) {
  if ((top_ + top_size_) % kPage != 0) return context_.Abort(PolicyRule::kP8);  // an assertion; P8 could not align
  const PolicyRule rule = top_size_ == 0 ? PolicyRule::kP1 : is_contiguous_ ? PolicyRule::kP4 : PolicyRule::kP7;
  std::uint64_t length = size + context_.thresholds.top_pad + kMinChunk;
  if (is_contiguous_) length -= top_size_;
  length = RoundUp(length, kPage);
  std::optional<std::uint64_t> start;
  std::optional<std::uint64_t> end;  // known only of a mapping
  if (length <= kLargest) {
    context_.Exercise(rule);
    start = break_.Move(static_cast<std::int64_t>(length), rule);
  }
  if (!start) {
    start = FallBackToMapping(&length, size);
    if (!start) return;
    end = *start + length;
  }
  if (top_size_ != 0 && *start == top_ + top_size_ && !end) {
    top_size_ += length;
  } else if (is_contiguous_ && top_size_ != 0 && *start < top_ + top_size_) {
    context_.Abort(PolicyRule::kP10);
  } else if (!is_contiguous_ && *start % kGrain != 0) {
    context_.Abort(PolicyRule::kP7);  // an assertion: only the contiguous case aligns what it gets
  } else {
    PlaceTop(*start, length, end);
  }
}

// P6: once, and from then on nothing is expected to be contiguous.
std::optional<std::uint64_t> Heap::FallBackToMapping(std::uint64_t* length, std::uint64_t size) {
  if (is_contiguous_) *length = RoundUp(*length + top_size_, context_.constants.fallback_unit);
  if (*length <= size) return std::nullopt;
  // Just below PTRDIFF_MAX this is the second attempt that the kernel sees.
  context_.Exercise(size > kLargest / 2 ? PolicyRule::kP12 : PolicyRule::kP6);
  const Answer answer = context_.kernel.Ask(AnonymousMapping(*length), PolicyRule::kP6);
  if (!answer.is_granted) return std::nullopt;
  is_contiguous_ = false;
  return answer.address;
}

// A new top that does not continue the old one.
void Heap::PlaceTop(std::uint64_t start, std::uint64_t length, std::optional<std::uint64_t> end) {
  std::uint64_t old_size = top_size_;
  const std::uint64_t old_top = top_;
  std::uint64_t first_chunk = start;
  std::uint64_t correction = 0;
  if (is_contiguous_) {
    // P8: the old top can not be continued after all. P11: the first chunk must be aligned, the end as well.
    first_chunk = RoundUp(start, kGrain);
    correction = first_chunk - start + old_size;
    correction += RoundUp(start + length + correction, kPage) - (start + length + correction);
    const PolicyRule rule = old_size != 0 ? PolicyRule::kP8 : PolicyRule::kP11;
    if (correction != 0) context_.Exercise(rule);
    end = break_.Move(static_cast<std::int64_t>(correction), rule);
    if (!end) correction = 0;
  }
  if (!end) end = break_.Move(0, PolicyRule::kP7);
  if (!end) return;
  top_ = first_chunk;
  // The lowest bits of a size are flags: an end that could not be aligned is not remembered exactly.
  top_size_ = RoundDown(*end - first_chunk + correction, kWord);
  if (old_size == 0) return;
  constexpr std::uint64_t kFences = 2 * kHeaderBytes;
  old_size = RoundDown(old_size - kFences, kGrain);
  if (old_size < kMinChunk) return;
  chunks_[old_top] = {old_size, false};
  const std::uint64_t placed = top_size_;
  Free(old_top);
  if (top_size_ < placed) context_.Exercise(PolicyRule::kP9);
}

// P14. What is above the padding goes back in whole pages.
void Heap::Trim() {
  const std::uint64_t keeps = context_.constants.trim_keeps + context_.thresholds.top_pad;
  if (top_size_ <= keeps) return;
  const std::uint64_t extra = RoundDown(top_size_ - keeps, kPage);
  if (extra == 0) return;
  if (break_.current() != top_ + top_size_) {
    context_.Exercise(PolicyRule::kP15);
    return;
  }
  context_.Exercise(PolicyRule::kP14);
  break_.Move(-static_cast<std::int64_t>(extra), PolicyRule::kP14);
  top_size_ -= top_ + top_size_ - *break_.current();
}

}  // namespace breakproof::model::glibc
