// Exhaustive search: every sequence of operations of the reference allocator on the modelled kernel up to a depth,
// with every choice of block and with any one call of the kernel refused in each operation.
//
// Equal states are explored once, however they were reached: what a state holds is sorted by address and forgets
// the order of operations and the names of blocks.
#pragma once

#include <cstdint>
#include <string>

namespace breakproof::model::reference {

struct SearchSettings {
  int depth = 6;
  // The full set of operations, or the part of it that differs in kind: for deeper searches.
  bool all_operations = true;
};

struct SearchResult {
  std::uint64_t transitions = 0;  // operations performed and checked
  std::uint64_t states = 0;       // distinct ones, the empty one included
  std::uint64_t refusals = 0;     // transitions in which a chosen call of the kernel was refused
  int depth = 0;
  std::string violation;  // "" or the shortest case, with what it breaks
};

SearchResult Search(const SearchSettings& settings);

// "12 transitions, 3 distinct states, depth 2: no violation"
std::string Sentence(const SearchResult& result);

}  // namespace breakproof::model::reference
