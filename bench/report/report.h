// A comparison for a person at a terminal, for a program, and for a browser.
#pragma once

#include <string>

#include "bench/measure/results.h"

namespace breakproof::bench {

// A table a metric, every row in it, then the verdict.
std::string TerminalReport(const Results& results);

// schema_version 1:
//   {schema_version, seed, scale, rounds, interrupted, instructions_counted_by,
//    machine: {date, processor, processors, kernel, libc, huge_pages, load_before},
//    remarks: [text], verdict: [text], failures: [text], subjects: [{name, library}],
//    workloads: [{name, what, iterations, checksum,
//      results: [{subject, failure, METRIC: {median, low, high, runs: [value], to_system, to_best_peer}}]}],
//    geometric_means: [{subject, METRIC: {to_system, rows}}]}
// METRIC is a key of kMetrics (measure/metric.h); what was not measured is null. Bytes, seconds and counts.
std::string JsonReport(const Results& results);

// One page with nothing outside itself: no script, no font, no picture.
std::string HtmlReport(const Results& results);

}  // namespace breakproof::bench
