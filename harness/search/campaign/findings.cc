#include "harness/search/campaign/findings.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "harness/search/campaign/case_file.h"
#include "harness/case/case_text.h"
#include "harness/judge/kernel_watch.h"
#include "harness/minimize/minimize.h"
#include "harness/support/could_not_run.h"
#include "harness/case/operation/operation_table.h"
#include "harness/support/files.h"

namespace breakproof::harness {
namespace {

using model::RuleId;

// Of one rule; more would repeat the same defect through other entry points and cost minutes.
constexpr std::size_t kMostReportsPerRule = 4;

// A hang is recognised again sooner than it was at first: minimising tries it many times over.
constexpr std::chrono::milliseconds kHangLimitWhenKnown{1000};

RunSettings Impatient(RunSettings settings) {
  settings.hang_limit = std::min(settings.hang_limit, kHangLimitWhenKnown);
  return settings;
}

const CaseViolation* FirstOf(RuleId rule, const Judgement& judgement) {
  for (const CaseViolation& violation : judgement.violations) {
    if (violation.what.rule == rule) return &violation;
  }
  return nullptr;
}

}  // namespace

Findings::Findings(const RunSettings& settings, const SubjectProfile& profile, const std::atomic<bool>& stop)
    : settings_(Impatient(settings)), profile_(profile), stop_(stop), runner_(settings_, "minimize") {}

void Findings::Add(const Case& c, const Judgement& judgement, std::uint64_t performed) {
  for (const CaseViolation& violation : judgement.violations) {
    ++count_;
    const Operation& operation = c.operations.at(violation.operation);
    const Key key = {violation.what.rule, operation.kind, operation.entry};
    if (!known_.insert(key).second) continue;
    if (reports_[violation.what.rule].size() < kMostReportsPerRule) AddNew(c, violation, performed);
  }
}

void Findings::AddNew(const Case& c, const CaseViolation& seen, std::uint64_t performed) {
  const RuleId rule = seen.what.rule;
  const Case cut = UpTo(c, seen.operation);
  // On disk before anything else is tried: minimising takes a while and may be killed.
  const std::filesystem::path unminimised = Save(cut, rule, seen, "-full");

  CaseViolation violation = seen;
  const bool replays = Reproduce(cut, rule, &violation);
  Case small = cut;
  if (replays) {
    small = Small(cut, rule);
    if (!Reproduce(small, rule, &violation)) {  // a subject that acts by chance
      small = cut;
      violation = seen;
    }
  }
  // Two operations may turn out to fail for one reason.
  const bool is_known = !smallest_.insert({rule, PrintCase({{}, small.operations, small.slot_names})}).second;
  if (is_known) {
    std::filesystem::remove(unminimised);
    return;
  }
  FindingReport report;
  report.case_file = Save(small, rule, violation, replays ? "" : "-once");
  if (!report.case_file.empty() && !unminimised.empty()) std::filesystem::remove(unminimised);
  report.index = violation.operation;
  report.operation = PrintOperation(small.operations.at(violation.operation), small.slot_names);
  report.expected = violation.what.expected;
  report.actual = violation.what.actual;
  report.case_operations = small.operations.size();
  report.replays = replays;
  report.found_after = performed + seen.operation;
  reports_[rule].push_back(std::move(report));
}

bool Findings::Reproduce(const Case& c, RuleId rule, CaseViolation* violation) {
  const RunResult run = runner_.Run(c);
  const Judgement judgement =
      JudgeWatched(c, runner_.journal().outcomes(), runner_.kernel_log(), run, profile_.facts);
  const CaseViolation* again = FirstOf(rule, judgement);
  if (again == nullptr) return false;
  *violation = *again;
  return true;
}

Case Findings::Small(const Case& c, RuleId rule) {
  const StillFails still_fails = [&](const Case& candidate) {
    CaseViolation ignored;
    return Reproduce(candidate, rule, &ignored);
  };
  const Case small = Minimize(c, still_fails, {.time = std::chrono::seconds(20), .stop = &stop_});
  CaseViolation last;
  if (!Reproduce(small, rule, &last)) return c;
  return UpTo(small, last.operation);
}

std::filesystem::path Findings::Save(const Case& c, RuleId rule, const CaseViolation& violation,
                                     const char* suffix) {
  const std::string library =
      std::filesystem::path(profile_.library).filename().string() + " " + profile_.hash;
  const std::string content = PrintCase(Annotated(c, violation, library));
  const std::string name = std::string(model::TextOf(rule).id) + "-" + KindName(c.operations.at(violation.operation)) +
                           "-" + ShortHash(content) + suffix + ".case";
  try {
    WriteDurably(settings_.folder / name, content);
  } catch (const CouldNotRun& problem) {
    // The last place that is left: whoever reads this can still paste it into a file.
    std::fprintf(stderr, "breakproof: %s; here is the case instead:\n%s", problem.what(), content.c_str());
    return {};
  }
  return settings_.folder / name;
}

void Findings::AddForeignEntries() {
  for (int entry = 0; entry < model::kEntryCount; ++entry) {
    if (profile_.own_entries >> entry & 1) continue;
    ++count_;
    Case c;
    Operation operation;
    operation.entry = static_cast<model::Entry>(entry);
    operation.size = 1;
    operation.alignment = TakesAlignment(operation.entry) ? 64 : 0;
    if (AssignsSlot(operation.entry)) operation.result = 0;
    if (ReadsSlot(operation.entry)) {
      Operation maker;
      maker.size = 1;
      maker.result = 0;
      c.operations.push_back(maker);
      operation.argument = 0;
    }
    c.operations.push_back(operation);
    NameSlots(&c);
    const CaseViolation violation{c.operations.size() - 1, ForeignEntryViolation(operation.entry)};
    FindingReport report;
    report.case_file = Save(c, RuleId::kI1, violation, "");
    report.index = violation.operation;
    report.operation = PrintOperation(operation, c.slot_names);
    report.expected = violation.what.expected;
    report.actual = violation.what.actual;
    report.case_operations = c.operations.size();
    reports_[RuleId::kI1].push_back(std::move(report));
  }
}

}  // namespace breakproof::harness
