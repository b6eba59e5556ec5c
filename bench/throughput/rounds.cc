#include "bench/throughput/rounds.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <numeric>
#include <random>

namespace breakproof::bench {
namespace {

double ProcessorSeconds() {
  timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double NanosecondsAnOperation(const Contestant& contestant, const Mix& mix, double least_seconds) {
  const double start = ProcessorSeconds();
  double seconds = 0;
  std::uint64_t operations = 0;
  do {
    contestant.pass(mix);
    operations += mix.operations;
    seconds = ProcessorSeconds() - start;
  } while (seconds < least_seconds);
  return seconds * 1e9 / static_cast<double>(operations);
}

void ShowProgress(int round, int rounds, const std::string& mix, const std::string& contestant) {
  if (isatty(STDERR_FILENO)) {
    std::fprintf(stderr, "\r\033[Kround %d of %d: %s, %s", round, rounds, mix.c_str(), contestant.c_str());
  }
}

}  // namespace

double Times::Median() const {
  std::vector<double> sorted = rounds;
  std::sort(sorted.begin(), sorted.end());
  const std::size_t middle = sorted.size() / 2;
  return sorted.size() % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

std::vector<MixTimes> MeasureRounds(const ThroughputPlan& plan, const std::vector<Mix>& mixes,
                                    const std::vector<Contestant>& contestants) {
  std::vector<MixTimes> times;
  for (const Mix& mix : mixes) times.push_back({mix.name, mix.operations, std::vector<Times>(contestants.size())});
  std::vector<std::size_t> order(contestants.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::mt19937_64 random(plan.seed);
  for (int round = 1; round <= plan.rounds; ++round) {
    for (std::size_t mix = 0; mix < mixes.size(); ++mix) {
      std::shuffle(order.begin(), order.end(), random);
      for (const std::size_t i : order) {
        ShowProgress(round, plan.rounds, mixes[mix].name, contestants[i].name);
        times[mix].contestants[i].rounds.push_back(NanosecondsAnOperation(contestants[i], mixes[mix], plan.least_seconds));
      }
    }
  }
  if (isatty(STDERR_FILENO)) std::fputs("\r\033[K", stderr);
  return times;
}

}  // namespace breakproof::bench
