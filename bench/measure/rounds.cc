#include "bench/measure/rounds.h"

#include <algorithm>
#include <numeric>
#include <random>

#include "bench/measure/process/process.h"
#include "harness/support/could_not_run.h"

namespace breakproof::bench {

namespace {

constexpr const char* kValgrind = "/usr/bin/valgrind";
constexpr std::uint64_t kCallgrindShare = 50;

Command CommandFor(const Plan& plan, const Row& row, std::uint64_t iterations, std::uint64_t seed) {
  Command command;
  command.arguments = {plan.programs / row.workload.program, std::to_string(iterations), std::to_string(seed)};
  if (!row.workload.recorded_case.empty()) command.arguments.push_back(plan.traces / (row.workload.name + ".trace"));
  return command;
}

// The sequence is the seed's, whatever the standard library.
std::vector<std::size_t> Shuffled(std::size_t count, std::mt19937_64* random) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t i = count; i > 1; --i) std::swap(order[i - 1], order[(*random)() % i]);
  return order;
}

void Add(const ProcessResult& result, const Subject& subject, Row* row, Cell* cell) {
  cell->failure = result.failure;
  if (!cell->failure.empty()) return;
  if (row->checksum.empty()) {
    row->checksum = result.checksum;
    row->checksum_from = subject.name;
  } else if (row->checksum != result.checksum) {
    cell->failure = "the bytes read back differ: checksum " + result.checksum + ", but " + row->checksum + " under " +
                    row->checksum_from;
    return;
  }
  cell->runs.push_back(result.observation);
}

// False if it was told to stop.
bool RunRound(const Plan& plan, int round, const Progress& progress, std::mt19937_64* random, Results* results) {
  for (Row& row : results->rows) {
    for (const std::size_t index : Shuffled(results->subjects.size(), random)) {
      if (plan.stop != nullptr && *plan.stop) return false;
      const Subject& subject = results->subjects[index];
      Cell& cell = row.cells[index];
      if (!cell.failure.empty()) continue;
      progress(round, row.workload, subject);
      Add(Run(CommandFor(plan, row, row.iterations, results->seed), subject), subject, &row, &cell);
    }
  }
  return true;
}

// "==123== Collected : 4567" says 4567.
double CollectedByCallgrind(const std::string& said) {
  constexpr char kLabel[] = "Collected : ";
  const std::size_t at = said.find(kLabel);
  return at == std::string::npos ? kNotMeasured : std::atof(said.c_str() + at + sizeof kLabel - 1);
}

}  // namespace

void DropWhatDoesNotStart(const Plan& plan, Results* results) {
  std::vector<Subject> started;
  for (const Subject& subject : results->subjects) {
    const ProcessResult result = Run({{plan.programs / "sequential/ring", "1", "1"}}, subject);
    if (result.failure.empty()) {
      started.push_back(subject);
      continue;
    }
    const std::string sentence = subject.name + " (" + subject.library.string() + ") " + result.failure;
    if (!subject.is_debian_peer) throw harness::CouldNotRun(sentence);
    results->remarks.push_back(sentence + "; it is not compared");
  }
  results->subjects = std::move(started);
  for (Row& row : results->rows) row.cells.resize(results->subjects.size());
}

void RunRounds(const Plan& plan, const Progress& progress, const std::function<void()>& finished, Results* results) {
  const auto start = std::chrono::steady_clock::now();
  std::mt19937_64 random(results->seed);
  for (int round = 0; round < plan.rounds; ++round) {
    const bool is_late = plan.budget.count() != 0 && std::chrono::steady_clock::now() - start > plan.budget;
    if (round > 0 && is_late) return;
    if (!RunRound(plan, round, progress, &random, results)) {
      results->interrupted = true;
      return;
    }
    ++results->rounds;
    finished();
  }
}

void CountInstructions(const Plan& plan, const Progress& progress, Results* results) {
  if (!std::filesystem::exists(kValgrind)) {
    throw harness::CouldNotRun("--instructions needs valgrind here, since the processor's counter is not available; "
                               "install the package valgrind");
  }
  results->instructions_counted_by = "callgrind";
  for (Row& row : results->rows) {
    for (std::size_t i = 0; i < results->subjects.size(); ++i) {
      if (plan.stop != nullptr && *plan.stop) return;
      Cell& cell = row.cells[i];
      if (cell.runs.empty()) continue;
      progress(results->rounds, row.workload, results->subjects[i]);
      Command command = CommandFor(plan, row, std::max<std::uint64_t>(1, row.iterations / kCallgrindShare), results->seed);
      const char* const valgrind[] = {kValgrind, "--tool=callgrind", "--callgrind-out-file=/dev/null"};
      command.arguments.insert(command.arguments.begin(), std::begin(valgrind), std::end(valgrind));
      const ProcessResult result = Run(command, results->subjects[i]);
      // An allocator that works may still not do so under valgrind: Scudo reserves more addresses than it has.
      const double count = result.failure.empty() ? CollectedByCallgrind(result.said) : kNotMeasured;
      for (Observation& run : cell.runs) run[Metric::kInstructions] = count;
    }
  }
}

}  // namespace breakproof::bench
