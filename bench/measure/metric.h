// What is measured of one run of a workload.
#pragma once

#include <array>
#include <cmath>
#include <limits>

namespace breakproof::bench {

enum class Metric { kWall, kCpu, kPeak, kAverage, kFaults, kInstructions };

inline constexpr int kMetricCount = 6;

struct MetricFacts {
  Metric metric;
  const char* key;    // in the JSON
  const char* title;
  const char* unit;
};

inline constexpr std::array<MetricFacts, kMetricCount> kMetrics = {{
    {Metric::kWall, "wall_seconds", "time", "s"},
    {Metric::kCpu, "cpu_seconds", "processor time, user and system", "s"},
    {Metric::kPeak, "peak_bytes", "peak resident memory", "MiB"},
    {Metric::kAverage, "average_bytes", "average resident memory", "MiB"},
    {Metric::kFaults, "page_faults", "page faults", ""},
    {Metric::kInstructions, "instructions", "instructions", "M"},
}};

inline constexpr double kNotMeasured = std::numeric_limits<double>::quiet_NaN();

// One value a metric, all "less is better", in seconds, bytes or counts; NaN if it was not measured.
struct Observation {
  std::array<double, kMetricCount> values;

  Observation() { values.fill(kNotMeasured); }
  double& operator[](Metric metric) { return values[static_cast<int>(metric)]; }
  double operator[](Metric metric) const { return values[static_cast<int>(metric)]; }
};

}  // namespace breakproof::bench
