// Names for addresses that are the same wherever the kernel put things: "break+0x2a0", "m1+0x10".
//
// Mappings are numbered in the order in which they appear; the first is m1. A mapping that grows upwards keeps
// its name; one that moves gets a new one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/explain/trace.h"

namespace breakproof::harness {

class AddressNames {
 public:
  explicit AddressNames(const Trace& trace);

  // As things were when this many operations were performed (or at the nearest moment that is known).
  std::string Name(std::uint64_t address, std::size_t performed) const;
  // "break" or "m1", of the region with this address; empty if there is none.
  std::string RegionName(std::uint64_t address, std::size_t performed) const;
  // The same as numbers: region 0 is the break, n is mn. Nothing if the address lies in none.
  struct Place {
    int region = 0;
    std::uint64_t offset = 0;
  };
  std::optional<Place> PlaceOf(std::uint64_t address, std::size_t performed) const;
  // Where the region with this address ends; the address must lie in one.
  std::uint64_t RegionEnd(std::uint64_t address, std::size_t performed) const;
  // Replaces every hexadecimal address in a sentence by its name.
  std::string Rename(const std::string& sentence, std::size_t performed) const;

 private:
  struct Named {
    std::uint64_t begin, end;
    int number;  // 0: the break
  };
  using Table = std::vector<Named>;  // of one moment, by address

  const Named* Find(std::uint64_t address, std::size_t performed) const;
  Table Next(const Table& before, const AddressSpace& space);

  std::uint64_t break_start_;
  std::vector<std::pair<std::size_t, Table>> tables_;  // by operations performed
  int last_number_ = 0;
};

}  // namespace breakproof::harness
