#include <algorithm>

#include "bench/report/report.h"
#include "bench/report/summary.h"

namespace breakproof::bench {

namespace {

constexpr std::size_t kNameWidth = 24;
constexpr std::size_t kValueWidth = 12;
constexpr std::size_t kRatioWidth = 12;

std::string Left(const std::string& text, std::size_t width) {
  return text.size() >= width ? text : text + std::string(width - text.size(), ' ');
}

std::string Right(const std::string& text, std::size_t width) {
  return text.size() >= width ? " " + text : std::string(width - text.size(), ' ') + text;
}

// The first column is the system's value, the others are ratios to it; '*' marks the least of a row.
std::string RowText(const Row& row, std::size_t system, Metric metric) {
  std::string text = Left(row.workload.name, kNameWidth) +
                     Right(Shown(SpreadOf(row.cells[system], metric).median, metric), kValueWidth);
  double least = kNotMeasured;
  for (const Cell& cell : row.cells) least = std::fmin(least, SpreadOf(cell, metric).median);
  for (std::size_t i = 0; i < row.cells.size(); ++i) {
    const bool is_least = SpreadOf(row.cells[i], metric).median == least;
    const std::string shown = row.cells[i].failure.empty() ? ShownRatio(Ratio(row, i, system, metric)) : "failed";
    text += Right(shown + (is_least ? "*" : " "), kRatioWidth);
  }
  return text + "\n";
}

std::string MetricTable(const Results& results, std::size_t system, const MetricFacts& facts) {
  std::string text = "\n" + std::string(facts.title) + ": " + kSystemName + "'s median, and ratios to it (* the least of a row)\n";
  text += Left("", kNameWidth) + Right(kSystemName, kValueWidth);
  for (const Subject& subject : results.subjects) text += Right(subject.name.substr(0, kRatioWidth - 2) + " ", kRatioWidth);
  text += "\n";
  for (const Row& row : results.rows) text += RowText(row, system, facts.metric);
  text += Left("geometric mean", kNameWidth) + Right("", kValueWidth);
  for (std::size_t i = 0; i < results.subjects.size(); ++i) {
    const Mean mean = AgainstSystem(results, i, facts.metric);
    // A mean over fewer rows than there are must not pass for one over all.
    const bool is_partial = mean.rows < static_cast<int>(results.rows.size());
    text += Right(ShownRatio(mean.ratio) + (is_partial ? "?" : " "), kRatioWidth);
  }
  return text + "\n";
}

}  // namespace

std::string TerminalReport(const Results& results) {
  std::string text;
  const auto system = IndexOf(results, kSystemName);
  for (const MetricFacts& facts : kMetrics) {
    if (system && IsMeasured(results, facts.metric)) text += MetricTable(results, *system, facts);
  }
  text += "\n";
  for (const std::string& sentence : Verdict(results)) text += sentence + "\n";
  for (const std::string& sentence : Failures(results)) text += "FAILED: " + sentence + "\n";
  return text;
}

}  // namespace breakproof::bench
