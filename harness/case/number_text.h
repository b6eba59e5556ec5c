// Numbers and names of kernel calls as cases write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace breakproof::harness {

// Decimal, or a distance from SIZE_MAX or PTRDIFF_MAX if that is close.
std::string PrintNumber(std::uint64_t value);

// Decimal or 0x..., perhaps with K, M or G behind it.
std::optional<std::uint64_t> ParsePlainNumber(std::string_view word);

// The same, and SIZE_MAX and PTRDIFF_MAX, perhaps with + or - and such a number behind it.
std::optional<std::uint64_t> ParseNumber(std::string_view word);

// A CallType as a number, or kCallTypes for "any".
std::optional<int> ParseCallType(std::string_view word);

}  // namespace breakproof::harness
