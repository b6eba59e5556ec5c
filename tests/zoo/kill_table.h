// The kill table: for every mutant of the zoo, how it is found. Kept as a Markdown file that is read back.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace breakproof::tests {

// A line of mutants.tsv.
struct Mutant {
  std::string name;
  std::string heap;
  std::string rule;  // that it must be reported for first
  std::string bug_class;
  std::string wrong;
  std::string seen_in;
  std::vector<std::string> flags;  // of `breakproof check`
};

// How one was found.
struct Kill {
  std::string rule;                // "survived" if nothing was found
  std::uint64_t operations = 0;    // performed before the guilty one
  double seconds = 0;              // of the whole check, its minimisation included
  std::size_t minimal_case = 0;    // operations
  std::string guilty;              // the operation, as it stands in the minimal case
};

std::vector<Mutant> ReadMutants(const std::filesystem::path& file);

// By name. Throws std::runtime_error if a line is torn.
std::map<std::string, Kill> ReadKillTable(const std::filesystem::path& file);
std::string RenderKillTable(const std::vector<Mutant>& mutants, const std::map<std::string, Kill>& kills);

// The middle one; of an even number the lower.
double MedianSeconds(const std::map<std::string, Kill>& kills);
std::size_t MedianMinimalCase(const std::map<std::string, Kill>& kills);

}  // namespace breakproof::tests
