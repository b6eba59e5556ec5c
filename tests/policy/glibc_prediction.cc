// Predicts every break and mapping call of the system's glibc over generated and recorded cases, and counts
// where the prediction and glibc differ.
//
//   glibc_prediction --operations=100000 --seed=1     generated operations, the recorded cases beside them
//   glibc_prediction --case=FILE                      one case again
//   glibc_prediction --mutants ...                    also with wrong models, each of which must differ
//   glibc_prediction --every-rule ...                 each modelled rule must have decided something
//
// Exit code: 0 all this holds, 10 it does not, 11 it could not run.
#include <gnu/libc-version.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "harness/case/case_text.h"
#include "harness/judge/glibc_prediction.h"
#include "harness/worker/outside/call_log.h"
#include "harness/support/could_not_run.h"
#include "harness/support/files.h"
#include "harness/worker/outside/case_runner.h"
#include "tests/policy/mutants.h"
#include "tests/policy/policy_cases.h"
#include "tools/scratch_folder.h"

namespace breakproof::tests {
namespace {

using harness::Case;
using harness::CouldNotRun;
using harness::Prediction;
using model::glibc::Constants;

constexpr int kHeld = 0;
constexpr int kDiffers = 10;
constexpr int kCouldNotRun = 11;
constexpr std::uint32_t kLogCapacity = 1 << 18;

struct Flags {
  std::uint64_t operations = 100000;
  std::uint64_t seed = 1;
  std::string worker;
  std::vector<std::string> recorded;
  std::string case_file;
  bool mutants = false;
  bool every_rule = false;
};

// Relative to where the person is who gave it, not to where Bazel runs us.
std::filesystem::path FromCaller(const std::string& path) {
  const char* const caller = std::getenv("BUILD_WORKING_DIRECTORY");
  return caller == nullptr ? std::filesystem::path(path) : std::filesystem::path(caller) / path;
}

// Where a case that shows a difference is kept.
std::filesystem::path Finding() {
  const char* const outputs = std::getenv("TEST_UNDECLARED_OUTPUTS_DIR");
  constexpr const char* kName = "glibc_prediction.case";
  return outputs == nullptr ? FromCaller(kName) : std::filesystem::path(outputs) / kName;
}

Case LoadCase(const std::filesystem::path& path) {
  Case c;
  harness::ParseError error;
  if (!harness::ParseCase(harness::ReadWholeFile(path), &c, &error)) {
    throw CouldNotRun(path.string() + ", line " + std::to_string(error.line) + ": " + error.message);
  }
  return c;
}

struct Totals {
  std::uint64_t cases = 0;
  std::uint64_t operations = 0;
  std::uint64_t predicted = 0;
  std::uint64_t observed = 0;
  std::uint64_t differing = 0;
  std::uint64_t aborted = 0;
  std::uint64_t blocks = 0;
  std::uint64_t on_other_threads = 0;

  void Add(const Prediction& p) {
    ++cases;
    operations += p.operations;
    predicted += p.predicted;
    observed += p.observed;
    differing += p.differing;
    aborted += p.is_aborted;
    blocks += p.blocks;
    on_other_threads += p.on_other_threads;
  }
};

struct Killed {
  std::uint64_t operations = 0;  // predicted before
  harness::Difference difference;
};

class Experiment {
 public:
  Experiment(const Flags& flags)
      : flags_(flags), log_(kLogCapacity), settings_{.worker = flags.worker, .subject = {}, .folder = scratch_.path()},
        runner_(settings_, "prediction"), killed_(std::size(kPolicyMutants)) {}

  int Run() {
    RequireGlibc236();
    if (!flags_.case_file.empty()) {
      Try(LoadCase(FromCaller(flags_.case_file)), &recorded_);
    } else {
      for (const std::string& path : flags_.recorded) Try(LoadCase(path), &recorded_);
      RunGenerated();
    }
    PrintTotals();
    PrintRules();
    if (flags_.mutants) PrintMutants();
    return failed_ ? kDiffers : kHeld;
  }

 private:
  static void RequireGlibc236() {
    const std::string version = gnu_get_libc_version();
    if (version != "2.36") throw CouldNotRun("this is glibc " + version + "; the model predicts 2.36 only");
  }

  void RunGenerated() {
    std::uint64_t planned = 0;
    for (std::uint64_t n = 0; planned < flags_.operations; ++n) {
      Case c = GeneratePolicyCase(flags_.seed, n);
      if (planned + c.operations.size() > flags_.operations) c.operations.resize(flags_.operations - planned);
      const Prediction p = Try(c, &generated_);
      planned += p.difference ? c.operations.size() : p.operations;  // an abort leaves some undone
    }
  }

  Prediction Try(const Case& c, Totals* totals) {
    log_.Prepare();
    for (const auto& [kind, refusal] : RefusalsOf(c)) log_.Refuse(kind, refusal);
    const harness::RunResult run = runner_.Run(c, &log_);
    if (run.end == harness::RunEnd::kNeverRan) throw CouldNotRun("a worker did not reach its first operation");
    log_.RequireThatAllWasSeen();
    if (runner_.journal().header().malloc_is_libcs == 0) throw CouldNotRun("malloc is not libc's here");
    const Prediction prediction = Predict(c, {});
    totals->Add(prediction);
    for (std::size_t i = 0; i < exercised_.size(); ++i) exercised_[i] += prediction.exercised[i];
    if (prediction.difference && !failed_) Explain(c, *prediction.difference, run);
    if (flags_.mutants && totals == &generated_) TryMutants(c, prediction);
    return prediction;
  }

  Prediction Predict(const Case& c, const Constants& constants) const {
    return harness::PredictGlibc(c, runner_.journal().outcomes(), log_.records(), constants);
  }

  // On what the right model was tried on as well; operations count from the first generated one.
  void TryMutants(const Case& c, const Prediction& right) {
    for (std::size_t i = 0; i < killed_.size(); ++i) {
      if (killed_[i]) continue;
      Constants constants;
      constants.*kPolicyMutants[i].number = kPolicyMutants[i].wrong;
      const Prediction p = Predict(c, constants);
      if (p.difference) killed_[i] = Killed{generated_.operations - right.operations + p.operations, *p.difference};
    }
  }

  void Explain(const Case& c, const harness::Difference& difference, const harness::RunResult& run) {
    failed_ = true;
    Case until = c;
    until.operations.resize(difference.operation + 1);
    const auto& rule = model::glibc::TextOf(difference.rule);
    std::printf("first difference: operation %zu, %s\n", difference.operation + 1,
                harness::PrintOperation(c.operations[difference.operation], c.slot_names).c_str());
    std::printf("  expected  %s\n  actual    %s\n  rule      %s: %s\n", difference.expected.c_str(),
                difference.actual.c_str(), std::string(rule.id).c_str(), std::string(rule.title).c_str());
    if (!run.output.empty()) std::printf("  it said   %s\n", run.output.c_str());
    const std::filesystem::path path = Finding();
    harness::WriteDurably(path, harness::PrintCase(until));
    std::printf("  case      written to %s, %zu operations; --case=FILE runs it again\n", path.c_str(),
                until.operations.size());
  }

  static void PrintLine(const char* what, const Totals& totals) {
    std::printf("%-10s %8llu operations in %llu cases, %llu blocks at their predicted place\n", what,
                static_cast<unsigned long long>(totals.operations), static_cast<unsigned long long>(totals.cases),
                static_cast<unsigned long long>(totals.blocks));
    std::printf("%-10s %8llu calls predicted, %llu observed, %llu differing\n", "",
                static_cast<unsigned long long>(totals.predicted), static_cast<unsigned long long>(totals.observed),
                static_cast<unsigned long long>(totals.differing));
    if (totals.aborted > 0) {
      std::printf("%-10s %8llu cases end in an abort of glibc's that was predicted (P7, P8, P10)\n", "",
                  static_cast<unsigned long long>(totals.aborted));
    }
    if (totals.on_other_threads == 0) return;
    std::printf("%-10s %8llu operations not predicted: other threads (P34)\n", "",
                static_cast<unsigned long long>(totals.on_other_threads));
  }

  void PrintTotals() const {
    std::printf("glibc %s, seed %llu\n", gnu_get_libc_version(), static_cast<unsigned long long>(flags_.seed));
    if (generated_.cases > 0) PrintLine("generated", generated_);
    if (recorded_.cases > 0) PrintLine("recorded", recorded_);
  }

  void PrintRules() {
    std::printf("\nrule  decided  what it says\n");
    for (std::size_t i = 0; i < exercised_.size(); ++i) {
      const auto& rule = model::glibc::kPolicyRules[i];
      const std::string count = rule.not_modelled.empty() ? std::to_string(exercised_[i]) : "-";
      std::printf("%-4s %8s  %s\n", std::string(rule.id).c_str(), count.c_str(), std::string(rule.title).c_str());
      if (!rule.not_modelled.empty()) {
        std::printf("%14s  not modelled: %s\n", "", std::string(rule.not_modelled).c_str());
      } else if (flags_.every_rule && exercised_[i] == 0) {
        std::printf("%14s  but it never did\n", "");
        failed_ = true;
      }
    }
  }

  void PrintMutants() {
    std::printf("\noperations  rule  wrong model, and where it differed\n");
    for (std::size_t i = 0; i < killed_.size(); ++i) {
      if (!killed_[i]) {
        failed_ = true;
        std::printf("  survived        %s\n", kPolicyMutants[i].name);
        continue;
      }
      const harness::Difference& difference = killed_[i]->difference;
      std::printf("%10llu  %-4s  %s: predicted %s, was %s\n", static_cast<unsigned long long>(killed_[i]->operations + 1),
                  std::string(model::glibc::TextOf(difference.rule).id).c_str(), kPolicyMutants[i].name,
                  difference.expected.c_str(), difference.actual.c_str());
    }
  }

  const Flags& flags_;
  tools::ScratchFolder scratch_;
  harness::CallLog log_;
  harness::RunSettings settings_;
  harness::CaseRunner runner_;
  Totals generated_, recorded_;
  model::glibc::PolicyExercised exercised_{};
  std::vector<std::optional<Killed>> killed_;  // by mutant
  bool failed_ = false;
};

}  // namespace
}  // namespace breakproof::tests

int main(int argc, char** argv) {
  breakproof::tests::Flags flags;
  CLI::App app("Predicts the kernel calls of glibc's malloc");
  app.add_option("--operations", flags.operations, "Operations to generate")->capture_default_str();
  app.add_option("--seed", flags.seed, "Of the generated cases")->capture_default_str();
  app.add_option("--worker", flags.worker, "The worker program")->required();
  app.add_option("--recorded", flags.recorded, "Recorded cases to run beside them");
  app.add_option("--case", flags.case_file, "Run this case only");
  app.add_flag("--every-rule", flags.every_rule, "Fail if a modelled rule decided nothing");
  app.add_flag("--mutants", flags.mutants, "Show that wrong models are caught");
  CLI11_PARSE(app, argc, argv);
  // Tunables of malloc are an environment that the model does not have (P22, P35).
  for (const char* name : {"GLIBC_TUNABLES", "MALLOC_ARENA_MAX", "MALLOC_MMAP_MAX_", "MALLOC_MMAP_THRESHOLD_",
                           "MALLOC_TOP_PAD_", "MALLOC_TRIM_THRESHOLD_", "MALLOC_PERTURB_", "MALLOC_CHECK_"}) {
    unsetenv(name);
  }
  try {
    return breakproof::tests::Experiment(flags).Run();
  } catch (const breakproof::harness::CouldNotRun& problem) {
    std::fprintf(stderr, "glibc_prediction: %s\n", problem.what());
    return breakproof::tests::kCouldNotRun;
  }
}
