#include "harness/kernel/differential/rule_table.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>

namespace breakproof::harness {
namespace {

bool ParseRow(const std::string& line, RuleRow& row) {
  std::istringstream fields(line);
  for (std::string* field : {&row.name, &row.status, &row.needs, &row.note, &row.title})
    if (!std::getline(fields, *field, '\t') || field->empty()) return false;
  const auto found = std::find(std::begin(model::kRuleNames), std::end(model::kRuleNames), row.name);
  row.index = static_cast<std::size_t>(found - std::begin(model::kRuleNames));
  const bool status = row.status == "modelled" || row.status == "choice" || row.status == "no";
  return found != std::end(model::kRuleNames) && status;
}

}  // namespace

std::vector<RuleRow> ReadRuleTable(const std::string& path, std::string& error) {
  std::ifstream file(path);
  if (!file) error = "can not be read";
  std::vector<RuleRow> rows;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    RuleRow row;
    if (!ParseRow(line, row)) {
      error = "not a rule: " + line;
      return {};
    }
    rows.push_back(row);
  }
  for (std::size_t i = 0; i < model::kRuleCount; ++i) {
    const auto times = std::count_if(rows.begin(), rows.end(), [&](const RuleRow& row) { return row.index == i; });
    if (times == 1) continue;
    error = "rule " + std::string(model::kRuleNames[i]) + " is listed " + std::to_string(times) + " times";
    return {};
  }
  return rows;
}

bool CanShow(const RuleRow& row, const model::Machine& machine) {
  if (row.needs == "moves-span-areas") return machine.moves_span_areas;
  if (row.needs == "overcommit-guess") return machine.largest_charge != model::kUnlimited;
  if (row.needs.rfind("advice:", 0) == 0) return (machine.known_advice >> std::stoi(row.needs.substr(7)) & 1) != 0;
  return true;
}

bool PrintExercised(const std::vector<RuleRow>& rows, const model::RuleLog& log, const model::Machine& machine,
                    std::uint64_t minimum) {
  bool complete = true;
  const RuleRow* rarest = nullptr;
  for (const RuleRow& row : rows) {
    const std::uint64_t count = log.Count(row.index);
    const bool must = row.status == "modelled" && CanShow(row, machine);
    const bool missing = must && count < minimum;
    complete &= !missing;
    if (must && (rarest == nullptr || count < log.Count(rarest->index))) rarest = &row;
    std::printf("%-4s %-9s %12llu  %s%s\n", row.name.c_str(), CanShow(row, machine) ? row.status.c_str() : "not here",
                static_cast<unsigned long long>(count), missing ? "TOO RARE: " : "", row.title.c_str());
  }
  if (rarest != nullptr)
    std::printf("rarest modelled rule: %s, %llu times\n", rarest->name.c_str(),
                static_cast<unsigned long long>(log.Count(rarest->index)));
  return complete;
}

}  // namespace breakproof::harness
