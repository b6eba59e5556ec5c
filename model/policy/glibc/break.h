// The program break as glibc moves it: through sbrk, which remembers it.
#pragma once

#include <cstdint>
#include <optional>

#include "model/policy/glibc/calls.h"

namespace breakproof::model::glibc {

class ProgramBreak {
 public:
  explicit ProgramBreak(Context& context) : context_(context) {}

  // Moves it by this many bytes; the old break, or nothing if that was refused. A move by 0 makes no call,
  // but the first move of all asks where the break is.
  std::optional<std::uint64_t> Move(std::int64_t bytes, PolicyRule because) {
    if (!current_) current_ = context_.kernel.Ask({.kind = KernelCallKind::kBrk}, because).address;
    const std::uint64_t old = *current_;
    if (bytes == 0) return old;
    const std::uint64_t target = old + static_cast<std::uint64_t>(bytes);
    if ((bytes > 0) != (target > old)) return std::nullopt;  // wrapped: not even tried
    current_ = context_.kernel.Ask({.kind = KernelCallKind::kBrk, .address = target}, because).address;
    if (*current_ < target) return std::nullopt;
    return old;
  }

  std::optional<std::uint64_t> current() const { return current_; }

 private:
  Context& context_;
  std::optional<std::uint64_t> current_;
};

}  // namespace breakproof::model::glibc
