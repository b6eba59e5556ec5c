// The violations of a campaign: kept on disk from the moment they are seen, then made small.
#pragma once

#include <atomic>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "harness/search/campaign/subject_facts.h"
#include "harness/judge/judge.h"
#include "harness/worker/outside/case_runner.h"

namespace breakproof::harness {

struct FindingReport {
  std::string operation;            // as it stands in the case
  std::size_t index = 0;            // of that operation in the case, from 0
  std::string expected;
  std::string actual;
  std::filesystem::path case_file;  // empty if it could not be written
  std::size_t case_operations = 0;
  bool replays = true;              // false: seen once, but not again
  std::uint64_t found_after = 0;    // operations of the campaign performed before it
};

class Findings {
 public:
  // Writes into settings.folder. `stop` ends minimisation early when set.
  Findings(const RunSettings& settings, const SubjectProfile& profile, const std::atomic<bool>& stop);

  // Takes in what a case showed, `performed` operations into the campaign. What is new is saved, minimised
  // and saved again.
  void Add(const Case& c, const Judgement& judgement, std::uint64_t performed);

  // Takes in entry points that the subject leaves to another library (I1).
  void AddForeignEntries();

  const std::map<model::RuleId, std::vector<FindingReport>>& reports() const { return reports_; }
  std::uint64_t count() const { return count_; }

 private:
  // What makes two violations the same finding: the rule, and the kind of operation that broke it.
  using Key = std::tuple<model::RuleId, OperationKind, model::Entry>;

  void AddNew(const Case& c, const CaseViolation& violation, std::uint64_t performed);
  bool Reproduce(const Case& c, model::RuleId rule, CaseViolation* violation);
  Case Small(const Case& c, model::RuleId rule);
  std::filesystem::path Save(const Case& c, model::RuleId rule, const CaseViolation& violation,
                             const char* suffix);

  const RunSettings settings_;
  const SubjectProfile& profile_;
  const std::atomic<bool>& stop_;
  CaseRunner runner_;
  std::set<Key> known_;
  std::set<std::pair<model::RuleId, std::string>> smallest_;  // minimal cases, as text
  std::map<model::RuleId, std::vector<FindingReport>> reports_;
  std::uint64_t count_ = 0;
};

}  // namespace breakproof::harness
