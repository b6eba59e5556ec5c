// From observations to the figures that are shown: medians, ratios, geometric means.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/measure/results.h"

namespace breakproof::bench {

struct Spread {
  double low = kNotMeasured;  // the least and the greatest seen
  double median = kNotMeasured;
  double high = kNotMeasured;

  bool IsMeasured() const { return !std::isnan(median); }
};

// Of a cell's runs; nothing measured if it failed.
Spread SpreadOf(const Cell& cell, Metric metric);

// The index of the subject with this name, if it takes part.
std::optional<std::size_t> IndexOf(const Results& results, const std::string& name);

// The subject with the least median in a row, ours left out; none if nothing was measured.
std::optional<std::size_t> BestPeer(const Results& results, const Row& row, Metric metric);

// The ratio of two medians; NaN unless both were measured.
double Ratio(const Row& row, std::size_t subject, std::size_t to, Metric metric);

struct Mean {
  double ratio = kNotMeasured;  // geometric mean over rows
  int rows = 0;                 // that had both
};

// Of one subject against the system's malloc.
Mean AgainstSystem(const Results& results, std::size_t subject, Metric metric);

// The peer, the system's malloc among them, with the least mean; none without a mean.
std::optional<std::size_t> BestPeerByMean(const Results& results, Metric metric);

// Any metric of any cell measured?
bool IsMeasured(const Results& results, Metric metric);

// Sentences that sum it up for a reader: means against the system's and the best peer, the rows that lose most.
std::vector<std::string> Verdict(const Results& results);

// One sentence a cell that failed.
std::vector<std::string> Failures(const Results& results);

// Did one fail that is not a peer as packaged? A peer's defect is published, but is not ours to mend.
bool HasFailedItself(const Results& results);

// A value in its metric's unit, three figures: "0.123 s", "45.6 MiB"; "n/a" for NaN.
std::string Shown(double value, Metric metric);

// "1.23", or "n/a" for NaN.
std::string ShownRatio(double ratio);

}  // namespace breakproof::bench
