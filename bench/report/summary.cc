#include "bench/report/summary.h"

#include <algorithm>
#include <cstdio>

namespace breakproof::bench {

namespace {

std::string Format(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

const char* FormatFor(double value) {
  if (value < 10) return "%.2f";
  return value < 100 ? "%.1f" : "%.0f";
}

// "time: geometric mean 0.81 of glibc's; the best peer is mimalloc with 0.85."
std::string MeanSentence(const Results& results, std::size_t ours, const MetricFacts& facts) {
  const Mean mean = AgainstSystem(results, ours, facts.metric);
  std::string sentence = std::string(facts.title) + ": geometric mean " + ShownRatio(mean.ratio) + " of " + kSystemName + "'s";
  if (const auto peer = BestPeerByMean(results, facts.metric)) {
    sentence += "; the best peer is " + results.subjects[*peer].name + " with " +
                ShownRatio(AgainstSystem(results, *peer, facts.metric).ratio);
  }
  return sentence;
}

// The rows in which ours needs more than 1.5 times what the best peer needs.
std::string LosingSentence(const Results& results, std::size_t ours, const MetricFacts& facts) {
  constexpr double kLosing = 1.5;
  std::string rows;
  for (const Row& row : results.rows) {
    const auto best = BestPeer(results, row, facts.metric);
    if (!best) continue;
    const double ratio = Ratio(row, ours, *best, facts.metric);
    if (!(ratio > kLosing)) continue;
    rows += (rows.empty() ? "" : ", ") + row.workload.name + " " + ShownRatio(ratio) + " (" +
            results.subjects[*best].name + ")";
  }
  return std::string(facts.title) + ": " +
         (rows.empty() ? "no row above 1.5 times the best peer" : "rows above 1.5 times the best peer: " + rows);
}

}  // namespace

Spread SpreadOf(const Cell& cell, Metric metric) {
  Spread spread;
  std::vector<double> values;
  for (const Observation& run : cell.runs) {
    if (!std::isnan(run[metric])) values.push_back(run[metric]);
  }
  if (!cell.failure.empty() || values.empty()) return spread;
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  spread.low = values.front();
  spread.median = values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  spread.high = values.back();
  return spread;
}

std::optional<std::size_t> IndexOf(const Results& results, const std::string& name) {
  for (std::size_t i = 0; i < results.subjects.size(); ++i) {
    if (results.subjects[i].name == name) return i;
  }
  return std::nullopt;
}

std::optional<std::size_t> BestPeer(const Results& results, const Row& row, Metric metric) {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < results.subjects.size(); ++i) {
    const Spread spread = SpreadOf(row.cells[i], metric);
    if (results.subjects[i].name == kOurName || !spread.IsMeasured()) continue;
    if (!best || spread.median < SpreadOf(row.cells[*best], metric).median) best = i;
  }
  return best;
}

double Ratio(const Row& row, std::size_t subject, std::size_t to, Metric metric) {
  return SpreadOf(row.cells[subject], metric).median / SpreadOf(row.cells[to], metric).median;
}

Mean AgainstSystem(const Results& results, std::size_t subject, Metric metric) {
  Mean mean;
  const auto system = IndexOf(results, kSystemName);
  if (!system) return mean;
  double logarithms = 0;
  for (const Row& row : results.rows) {
    const double ratio = Ratio(row, subject, *system, metric);
    if (!std::isfinite(ratio) || ratio <= 0) continue;
    logarithms += std::log(ratio);
    ++mean.rows;
  }
  if (mean.rows > 0) mean.ratio = std::exp(logarithms / mean.rows);
  return mean;
}

std::optional<std::size_t> BestPeerByMean(const Results& results, Metric metric) {
  std::optional<std::size_t> best;
  double least = 0;
  for (std::size_t i = 0; i < results.subjects.size(); ++i) {
    const double ratio = AgainstSystem(results, i, metric).ratio;
    if (results.subjects[i].name == kOurName || std::isnan(ratio)) continue;
    if (best && ratio >= least) continue;
    best = i;
    least = ratio;
  }
  return best;
}

bool IsMeasured(const Results& results, Metric metric) {
  for (const Row& row : results.rows) {
    for (const Cell& cell : row.cells) {
      if (SpreadOf(cell, metric).IsMeasured()) return true;
    }
  }
  return false;
}

std::vector<std::string> Verdict(const Results& results) {
  std::vector<std::string> sentences;
  const auto ours = IndexOf(results, kOurName);
  if (!ours || !IndexOf(results, kSystemName)) return sentences;
  for (const MetricFacts& facts : kMetrics) {
    if (IsMeasured(results, facts.metric)) sentences.push_back(MeanSentence(results, *ours, facts));
  }
  for (const MetricFacts& facts : kMetrics) {
    if (facts.metric == Metric::kWall || facts.metric == Metric::kPeak) {
      sentences.push_back(LosingSentence(results, *ours, facts));
    }
  }
  return sentences;
}

std::vector<std::string> Failures(const Results& results) {
  std::vector<std::string> sentences;
  for (const Row& row : results.rows) {
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
      if (row.cells[i].failure.empty()) continue;
      sentences.push_back(row.workload.name + " under " + results.subjects[i].name + ": " + row.cells[i].failure);
    }
  }
  return sentences;
}

bool HasFailedItself(const Results& results) {
  for (const Row& row : results.rows) {
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
      if (!row.cells[i].failure.empty() && !results.subjects[i].is_debian_peer) return true;
    }
  }
  return false;
}

std::string Shown(double value, Metric metric) {
  if (std::isnan(value)) return "n/a";
  switch (metric) {
    case Metric::kWall:
    case Metric::kCpu:
      return Format("%.3f s", value);
    case Metric::kPeak:
    case Metric::kAverage:
      value /= 1 << 20;
      return Format(FormatFor(value), value) + " MiB";
    case Metric::kFaults:
      return Format("%.0f", value);
    case Metric::kInstructions:
      value /= 1e6;
      return Format(FormatFor(value), value) + " M";
  }
  return "n/a";
}

std::string ShownRatio(double ratio) { return std::isnan(ratio) ? "n/a" : Format("%.2f", ratio); }

}  // namespace breakproof::bench
