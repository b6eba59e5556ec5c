#include "bench/throughput/report.h"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>

#include "bench/measure/machine.h"

namespace breakproof::bench {
namespace {

using Json = nlohmann::ordered_json;

// How many times as long the first takes as the second; a goal is for the mix of all sizes.
struct Comparison {
  const char* slower;
  const char* faster;
  double at_most = 0;   // 0: no such goal
  double at_least = 0;  // 0: no such goal
};

constexpr Comparison kComparisons[] = {
    {kLockStep, kBare, 8, 0},          {kLockStep, kBareMalloc},
    {kPagedShadow, kLockStep},         {kShadow, kLockStep, 0, 20},
    {kFuzzTarget, kBare, 4, 0},        {kFuzzTarget, kFreshHeap},
};

std::string Format(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

std::string Right(const std::string& text, std::size_t width) {
  return text.size() >= width ? text : std::string(width - text.size(), ' ') + text;
}

std::optional<double> Median(const ThroughputResults& results, const MixTimes& mix, const std::string& name) {
  for (std::size_t i = 0; i < results.contestants.size(); ++i) {
    if (results.contestants[i].name == name) return mix.contestants[i].Median();
  }
  return std::nullopt;
}

std::optional<double> Ratio(const ThroughputResults& results, const MixTimes& mix, const Comparison& comparison) {
  const auto slower = Median(results, mix, comparison.slower), faster = Median(results, mix, comparison.faster);
  if (!slower || !faster) return std::nullopt;
  return *slower / *faster;
}

std::string NameOf(const Comparison& comparison) { return std::string(comparison.slower) + " / " + comparison.faster; }

bool IsReached(const Comparison& comparison, double ratio) {
  return (comparison.at_most == 0 || ratio <= comparison.at_most) && (comparison.at_least == 0 || ratio >= comparison.at_least);
}

std::string GoalText(const Comparison& comparison, double ratio) {
  const bool is_upper = comparison.at_most != 0;
  return NameOf(comparison) + " is " + Format("%.1f", ratio) + ", goal " + (is_upper ? "at most " : "at least ") +
         Format("%.0f", is_upper ? comparison.at_most : comparison.at_least) + ": " +
         (IsReached(comparison, ratio) ? "reached" : "NOT reached") + "\n";
}

constexpr std::size_t kNameWidth = 18, kTimeWidth = 14, kRatioWidth = 26;

}  // namespace

std::string ThroughputTable(const ThroughputResults& results) {
  std::string text = "Processor time in nanoseconds an operation, median of " + std::to_string(results.plan.rounds) + " rounds\n";
  text += std::string(kNameWidth, ' ');
  for (const Contestant& contestant : results.contestants) text += Right(contestant.name, kTimeWidth);
  for (const MixTimes& mix : results.mixes) {
    text += "\n" + mix.name + std::string(kNameWidth - mix.name.size(), ' ');
    for (const Times& times : mix.contestants) text += Right(Format("%.0f", times.Median()), kTimeWidth);
  }
  text += "\n\nRatios\n" + std::string(kNameWidth, ' ');
  for (const Comparison& comparison : kComparisons) {
    if (Ratio(results, results.mixes.front(), comparison)) text += Right(NameOf(comparison), kRatioWidth);
  }
  for (const MixTimes& mix : results.mixes) {
    text += "\n" + mix.name + std::string(kNameWidth - mix.name.size(), ' ');
    for (const Comparison& comparison : kComparisons) {
      if (const auto ratio = Ratio(results, mix, comparison)) text += Right(Format("%.1f", *ratio), kRatioWidth);
    }
  }
  text += "\n\n";
  for (const Comparison& comparison : kComparisons) {
    const bool has_goal = comparison.at_most != 0 || comparison.at_least != 0;
    const auto ratio = Ratio(results, results.mixes.front(), comparison);
    if (has_goal && ratio) text += results.mixes.front().name + ": " + GoalText(comparison, *ratio);
  }
  return text;
}

std::string ThroughputJson(const ThroughputResults& results) {
  const Machine machine = ThisMachine();
  Json json = {{"schema_version", 1},
               {"machine", {{"date", machine.date}, {"processor", machine.processor}, {"processors", machine.processors},
                            {"kernel", machine.kernel}, {"libc", machine.libc}, {"load_before", machine.load_before}}},
               {"seed", results.plan.seed},
               {"rounds", results.plan.rounds},
               {"contestants", Json::array()},
               {"goals", Json::array()},
               {"mixes", Json::array()}};
  for (const Contestant& contestant : results.contestants) {
    json["contestants"].push_back({{"name", contestant.name}, {"what", contestant.what}});
  }
  for (const Comparison& comparison : kComparisons) {
    const auto ratio = Ratio(results, results.mixes.front(), comparison);
    if (!ratio || (comparison.at_most == 0 && comparison.at_least == 0)) continue;
    Json goal = {{"ratio", NameOf(comparison)}, {"mix", results.mixes.front().name}, {"value", *ratio}};
    if (comparison.at_most != 0) goal["at_most"] = comparison.at_most;
    if (comparison.at_least != 0) goal["at_least"] = comparison.at_least;
    goal["reached"] = IsReached(comparison, *ratio);
    json["goals"].push_back(goal);
  }
  for (const MixTimes& mix : results.mixes) {
    Json row = {{"name", mix.name}, {"operations", mix.operations}, {"nanoseconds", Json::object()}, {"ratios", Json::object()}};
    for (std::size_t i = 0; i < results.contestants.size(); ++i) {
      row["nanoseconds"][results.contestants[i].name] = {{"median", mix.contestants[i].Median()},
                                                        {"rounds", mix.contestants[i].rounds}};
    }
    for (const Comparison& comparison : kComparisons) {
      if (const auto ratio = Ratio(results, mix, comparison)) row["ratios"][NameOf(comparison)] = *ratio;
    }
    json["mixes"].push_back(row);
  }
  return json.dump(1) + "\n";
}

}  // namespace breakproof::bench
