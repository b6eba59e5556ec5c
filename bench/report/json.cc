#include <nlohmann/json.hpp>

#include "bench/report/report.h"
#include "bench/report/summary.h"

namespace breakproof::bench {

namespace {

using Json = nlohmann::ordered_json;

Json Number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json MetricJson(const Results& results, const Row& row, std::size_t subject, Metric metric) {
  const Cell& cell = row.cells[subject];
  const Spread spread = SpreadOf(cell, metric);
  Json runs = Json::array();
  for (const Observation& run : cell.runs) runs.push_back(Number(run[metric]));
  const auto system = IndexOf(results, kSystemName);
  const auto best = BestPeer(results, row, metric);
  return {{"median", Number(spread.median)},
          {"low", Number(spread.low)},
          {"high", Number(spread.high)},
          {"runs", runs},
          {"to_system", system ? Number(Ratio(row, subject, *system, metric)) : Json(nullptr)},
          {"to_best_peer", best ? Number(Ratio(row, subject, *best, metric)) : Json(nullptr)}};
}

Json CellJson(const Results& results, const Row& row, std::size_t subject) {
  const Cell& cell = row.cells[subject];
  Json json = {{"subject", results.subjects[subject].name},
               {"failure", cell.failure.empty() ? Json(nullptr) : Json(cell.failure)}};
  for (const MetricFacts& facts : kMetrics) json[facts.key] = MetricJson(results, row, subject, facts.metric);
  return json;
}

Json RowJson(const Results& results, const Row& row) {
  Json cells = Json::array();
  for (std::size_t i = 0; i < row.cells.size(); ++i) cells.push_back(CellJson(results, row, i));
  return {{"name", row.workload.name},
          {"what", row.workload.what},
          {"iterations", row.iterations},
          {"checksum", row.checksum},
          {"results", cells}};
}

Json MeansJson(const Results& results, std::size_t subject) {
  Json json = {{"subject", results.subjects[subject].name}};
  for (const MetricFacts& facts : kMetrics) {
    const Mean mean = AgainstSystem(results, subject, facts.metric);
    json[facts.key] = {{"to_system", Number(mean.ratio)}, {"rows", mean.rows}};
  }
  return json;
}

Json MachineJson(const Machine& machine) {
  return {{"date", machine.date},     {"processor", machine.processor},   {"processors", machine.processors},
          {"kernel", machine.kernel}, {"libc", machine.libc},             {"huge_pages", machine.huge_pages},
          {"load_before", machine.load_before}};
}

}  // namespace

std::string JsonReport(const Results& results) {
  Json json = {{"schema_version", 1},
               {"seed", results.seed},
               {"scale", results.scale},
               {"rounds", results.rounds},
               {"interrupted", results.interrupted},
               {"instructions_counted_by", results.instructions_counted_by.empty()
                                               ? Json(nullptr) : Json(results.instructions_counted_by)},
               {"machine", MachineJson(results.machine)},
               {"remarks", results.remarks},
               {"verdict", Verdict(results)},
               {"failures", Failures(results)},
               {"subjects", Json::array()},
               {"workloads", Json::array()},
               {"geometric_means", Json::array()}};
  for (std::size_t i = 0; i < results.subjects.size(); ++i) {
    json["subjects"].push_back({{"name", results.subjects[i].name}, {"library", results.subjects[i].library.string()}});
    json["geometric_means"].push_back(MeansJson(results, i));
  }
  for (const Row& row : results.rows) json["workloads"].push_back(RowJson(results, row));
  // A path need not be UTF-8.
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace breakproof::bench
