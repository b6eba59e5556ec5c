#include "model/policy/glibc/mapped_chunks.h"

namespace breakproof::model::glibc {
namespace {

constexpr std::uint64_t kMayMove = 1;  // of Linux

}  // namespace

std::optional<std::uint64_t> MappedChunks::Map(std::uint64_t chunk_size) {
  const std::uint64_t length = RoundUp(chunk_size + context_.constants.mapping_overhead, kPage);
  context_.Exercise(PolicyRule::kP3);
  const Answer answer = context_.kernel.Ask(AnonymousMapping(length), PolicyRule::kP3);
  if (!answer.is_granted) return std::nullopt;
  mappings_[answer.address] = {answer.address, length, 0};
  return answer.address;
}

void MappedChunks::Shift(std::uint64_t chunk, std::uint64_t to) {
  Mapping mapping = mappings_.at(chunk);
  mapping.offset += to - chunk;
  mappings_.erase(chunk);
  mappings_[to] = mapping;
}

void MappedChunks::Free(std::uint64_t chunk) {
  Thresholds& thresholds = context_.thresholds;
  const std::uint64_t size = SizeOf(chunk);
  if (!thresholds.WouldAdapt(context_.constants, size)) {
    if (size > thresholds.mmap) context_.Exercise(PolicyRule::kP21);
  } else if (thresholds.is_dynamic) {
    thresholds.Adapt(context_.constants, size);
    context_.Exercise(PolicyRule::kP20);
  } else {
    context_.Exercise(PolicyRule::kP22);
  }
  Unmap(chunk);
}

void MappedChunks::Unmap(std::uint64_t chunk) {
  const Mapping mapping = mappings_.at(chunk);
  context_.Exercise(PolicyRule::kP17);
  // Forgotten whether or not the kernel agrees.
  context_.kernel.Ask({.kind = KernelCallKind::kMunmap, .address = mapping.start, .length = mapping.length},
                      PolicyRule::kP17);
  mappings_.erase(chunk);
}

std::optional<std::uint64_t> MappedChunks::Resize(std::uint64_t chunk, std::uint64_t chunk_size) {
  const Mapping mapping = mappings_.at(chunk);
  const std::uint64_t length = RoundUp(chunk_size + mapping.offset + context_.constants.mapping_overhead, kPage);
  context_.Exercise(PolicyRule::kP30);
  if (length == mapping.length) return chunk;
  if (context_.thresholds.WouldAdapt(context_.constants, SizeOf(chunk))) context_.Exercise(PolicyRule::kP24);
  const Answer answer = context_.kernel.Ask({.kind = KernelCallKind::kMremap,
                                             .address = mapping.start,
                                             .length = mapping.length,
                                             .new_length = length,
                                             .detail = kMayMove},
                                            PolicyRule::kP30);
  if (!answer.is_granted) return std::nullopt;
  mappings_.erase(chunk);
  mappings_[answer.address + mapping.offset] = {answer.address, length, mapping.offset};
  return answer.address + mapping.offset;
}

}  // namespace breakproof::model::glibc
