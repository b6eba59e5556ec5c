#include "tests/zoo/kill_table.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace breakproof::tests {
namespace {

constexpr char kPreamble[] =
    "# Kill table of the zoo\n"
    "\n"
    "Each mutant is one of the two heaps in heaps/ with one thing wrong (mutants.bzl). It is checked by\n"
    "`breakproof check` with the corpus and seed 1, and must be reported first for its rule. Operations are those\n"
    "performed before the guilty one, always the same; seconds are those of the check with one worker, from start to\n"
    "minimal case, and depend on the machine. Written by\n"
    "\n"
    "    bazel run //tests/zoo:kill -- --render\n"
    "\n";

std::vector<std::string> Split(const std::string& line, char separator) {
  std::vector<std::string> fields(1);
  for (const char c : line) {
    if (c == separator) {
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  return fields;
}

std::string Trimmed(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(" `");
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(" `") - begin + 1);
}

std::vector<std::string> Lines(const std::filesystem::path& file) {
  std::ifstream stream(file);
  if (!stream) throw std::runtime_error("cannot read " + file.string());
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

template <typename Value>
Value Median(std::vector<Value> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  return values[(values.size() - 1) / 2];
}

std::string OneDecimal(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", value);
  return text;
}

}  // namespace

std::vector<Mutant> ReadMutants(const std::filesystem::path& file) {
  std::vector<Mutant> mutants;
  for (const std::string& line : Lines(file)) {
    const std::vector<std::string> fields = Split(line, '\t');
    if (fields.size() != 7) throw std::runtime_error("not a mutant: " + line);
    Mutant mutant = {fields[0], fields[1], fields[2], fields[3], fields[4], fields[5], {}};
    if (!fields[6].empty()) mutant.flags = Split(fields[6], ' ');
    mutants.push_back(std::move(mutant));
  }
  return mutants;
}

std::map<std::string, Kill> ReadKillTable(const std::filesystem::path& file) {
  std::map<std::string, Kill> kills;
  for (const std::string& line : Lines(file)) {
    if (!line.starts_with("| `")) continue;
    const std::vector<std::string> cells = Split(line, '|');
    if (cells.size() < 9) throw std::runtime_error("a torn line of the kill table: " + line);
    kills[Trimmed(cells[1])] = {.rule = Trimmed(cells[2]),
                                .operations = std::stoull(cells[3]),
                                .seconds = std::stod(cells[4]),
                                .minimal_case = std::stoull(cells[5]),
                                .guilty = Trimmed(cells[6])};
  }
  return kills;
}

std::string RenderKillTable(const std::vector<Mutant>& mutants, const std::map<std::string, Kill>& kills) {
  std::ostringstream out;
  out << kPreamble << kills.size() << " mutants; medians: " << OneDecimal(MedianSeconds(kills)) << " seconds, "
      << MedianMinimalCase(kills) << " operations in the minimal case.\n\n"
      << "| mutant | rule | operations to kill | seconds | minimal case | guilty operation | what is wrong | class | seen in |\n"
      << "| --- | --- | ---: | ---: | ---: | --- | --- | --- | --- |\n";
  for (const Mutant& mutant : mutants) {
    const auto found = kills.find(mutant.name);
    if (found == kills.end()) continue;
    const Kill& kill = found->second;
    out << "| `" << mutant.name << "` | " << kill.rule << " | " << kill.operations << " | " << OneDecimal(kill.seconds)
        << " | " << kill.minimal_case << " | `" << kill.guilty << "` | " << mutant.wrong << " | " << mutant.bug_class
        << " | " << mutant.seen_in << " |\n";
  }
  return out.str();
}

double MedianSeconds(const std::map<std::string, Kill>& kills) {
  std::vector<double> seconds;
  for (const auto& [name, kill] : kills) seconds.push_back(kill.seconds);
  return Median(seconds);
}

std::size_t MedianMinimalCase(const std::map<std::string, Kill>& kills) {
  std::vector<std::size_t> sizes;
  for (const auto& [name, kill] : kills) sizes.push_back(kill.minimal_case);
  return Median(sizes);
}

}  // namespace breakproof::tests
