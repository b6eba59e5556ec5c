#include <cstdio>

#include "harness/explain/verdict/report.h"

namespace breakproof::harness {
namespace {

const char* Name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kHeld: return "held";
    case Verdict::kViolated: return "VIOLATED";
    case Verdict::kNotExercised: return "not exercised";
    case Verdict::kNotObservable: return "not observable";
  }
  return "";
}

std::string Line(const std::string& id, const std::string& exercised, const std::string& verdict,
                 const std::string& title) {
  char text[256];
  std::snprintf(text, sizeof text, "%-4s  %14s  %-14s  %s\n", id.c_str(), exercised.c_str(),
                verdict.c_str(), title.c_str());
  return text;
}

std::string Paragraph(const model::RuleText& rule, const FindingReport& report) {
  std::string text = "\n" + std::string(rule.id) + " broken by: " + report.operation + "\n";
  text += "  expected  " + report.expected + "\n";
  text += "  actual    " + report.actual + "\n";
  text += "  clause    " + std::string(rule.clause) + "\n";
  if (report.case_file.empty()) return text + "  case      printed above: it could not be written\n";
  text += "  case      " + report.case_file.string() + " (" + std::to_string(report.case_operations) +
          (report.case_operations == 1 ? " operation)\n" : " operations)\n");
  if (!report.replays) text += "            seen once, but not when run again: the subject acts by chance\n";
  return text;
}

std::string Remarks(const CampaignResult& result) {
  std::string text;
  for (int entry = 0; entry < model::kEntryCount; ++entry) {
    const std::uint64_t times = result.errno_remarks[static_cast<std::size_t>(entry)];
    if (times == 0) continue;
    text += "\nremark: " + std::string(model::NameOf(static_cast<model::Entry>(entry))) +
            " changed errno in " + WithCommas(times) + " successful calls (no standard forbids it)";
  }
  if (result.widest_footprint > 0) {
    text += "\nremark: up to " + Bytes(result.widest_footprint) + " held of the kernel in a case with " +
            Bytes(result.live_in_widest) + " live at its peak (H13; no standard sets a bound)";
  }
  if (!result.profile.has_operators) {
    text += "\nremark: not all of C++'s operators new and delete are the library's own; what libstdc++'s would call was called";
  }
  return text.empty() ? text : text + "\n";
}

}  // namespace

std::string VerdictTable(const CampaignResult& result) {
  char head[128];
  std::snprintf(head, sizeof head, "%s operations in %.1f s, seed %llu",
                WithCommas(result.operations).c_str(), result.seconds,
                static_cast<unsigned long long>(result.seed));
  std::string text = result.profile.library + "\n" + head + "\n\n";
  text += Line("rule", "exercised", "verdict", "");
  std::string unseen;
  for (const model::RuleText& rule : model::kRuleBook) {
    if (result.VerdictOn(rule.rule) == Verdict::kNotObservable) {
      unseen += (unseen.empty() ? "" : " ") + std::string(rule.id);
      continue;
    }
    text += Line(std::string(rule.id), WithCommas(result.exercised[static_cast<std::size_t>(rule.rule)]),
                 Name(result.VerdictOn(rule.rule)), std::string(rule.title));
  }
  if (!unseen.empty()) text += "not observable from outside: " + unseen + "\n";
  for (const auto& [rule, reports] : result.reports) {
    for (const FindingReport& report : reports) text += Paragraph(model::TextOf(rule), report);
  }
  text += Remarks(result);
  const std::size_t broken = result.reports.size();
  text += broken == 0 ? "\nverdict: every rule that was exercised held\n"
                      : "\nverdict: " + std::to_string(broken) +
                            (broken == 1 ? " rule was violated\n" : " rules were violated\n");
  return text;
}

}  // namespace breakproof::harness
