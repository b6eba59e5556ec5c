#include <nlohmann/json.hpp>

#include "harness/explain/verdict/report.h"

namespace breakproof::harness {
namespace {

// Keys in the order in which they are documented.
using Json = nlohmann::ordered_json;

const char* Name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kHeld: return "held";
    case Verdict::kViolated: return "violated";
    case Verdict::kNotExercised: return "not_exercised";
    case Verdict::kNotObservable: return "not_observable";
  }
  return "";
}

Json RuleJson(const CampaignResult& result, const model::RuleText& rule) {
  Json violations = Json::array();
  if (const auto reports = result.reports.find(rule.rule); reports != result.reports.end()) {
    for (const FindingReport& report : reports->second) {
      violations.push_back({{"operation", report.operation},
                            {"expected", report.expected},
                            {"actual", report.actual},
                            {"clause", rule.clause},
                            {"case", report.case_file.string()},
                            {"found_after", report.found_after},
                            {"replays", report.replays}});
    }
  }
  return {{"id", rule.id},
          {"title", rule.title},
          {"exercised", result.exercised[static_cast<std::size_t>(rule.rule)]},
          {"verdict", Name(result.VerdictOn(rule.rule))},
          {"violations", std::move(violations)}};
}

}  // namespace

std::string VerdictJson(const CampaignResult& result) {
  Json rules = Json::array();
  for (const model::RuleText& rule : model::kRuleBook) rules.push_back(RuleJson(result, rule));
  Json remarks = Json::array();
  for (int entry = 0; entry < model::kEntryCount; ++entry) {
    const std::uint64_t times = result.errno_remarks[static_cast<std::size_t>(entry)];
    if (times == 0) continue;
    remarks.push_back({{"entry", model::NameOf(static_cast<model::Entry>(entry))},
                       {"errno_changed_by_success", times}});
  }
  const Json json = {{"schema_version", 1},
                     {"library", result.profile.library},
                     {"hash", result.profile.hash},
                     {"has_operators", result.profile.has_operators},
                     {"seed", result.seed},
                     {"operations", result.operations},
                     {"seconds", result.seconds},
                     {"interrupted", result.was_interrupted},
                     {"rules", std::move(rules)},
                     {"remarks", std::move(remarks)},
                     {"footprint", {{"held", result.widest_footprint}, {"live", result.live_in_widest}}}};
  // A subject may print anything; what is no UTF-8 must not cost the report.
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace breakproof::harness
