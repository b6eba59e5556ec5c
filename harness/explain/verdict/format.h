// Numbers for people.
#pragma once

#include <cstdint>
#include <string>

namespace breakproof::harness {

// "1,234,567".
std::string WithCommas(std::uint64_t n);

// "12.3 MiB".
std::string Bytes(std::uint64_t n);

}  // namespace breakproof::harness
