// compare: runs the workloads under every allocator at hand and shows how they do.
//
// Exit codes: 0 compared, 10 an allocator other than Debian's peers crashed or lost bytes, 11 could not run, 130
// interrupted.
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>

#include "bench/measure/rounds.h"
#include "bench/report/report.h"
#include "bench/report/summary.h"
#include "bench/traces/pack_trace.h"
#include "harness/case/case_text.h"
#include "harness/support/could_not_run.h"
#include "harness/support/files.h"
#include "tools/cpp/runfiles/runfiles.h"
#include "tools/scratch_folder.h"

namespace breakproof::bench {
namespace {

namespace fs = std::filesystem;
using harness::CouldNotRun;

enum ExitCode { kCompared = 0, kRunFailed = 10, kCouldNotRun = 11, kInterrupted = 130 };

std::atomic<bool> stop_requested = false;

struct Flags {
  std::vector<std::string> libraries;
  std::vector<std::string> traces;
  std::vector<std::string> only;
  std::vector<std::string> allocators;
  int rounds = 0;   // 0: not given
  int percent = 0;  // 0: not given
  int seconds = 0;
  std::uint64_t seed = 1;
  bool quick = false;
  bool instructions = false;
  std::string json;
  std::string html;
};

void AddFlags(CLI::App& app, Flags* flags) {
  app.add_option("--library", flags->libraries, "Also compare this shared library; may be given several times");
  app.add_option("--trace", flags->traces, "Also replay this case, made by `breakproof record`; may be given several times");
  app.add_option("--only", flags->only, "Run these workloads only, by name")->delimiter(',');
  app.add_option("--allocators", flags->allocators, "Compare these only, by name, with glibc")->delimiter(',');
  app.add_option("--rounds", flags->rounds, "Runs of each workload under each allocator, 5 unless given")
      ->check(CLI::Range(1, 1000));
  app.add_option("--seconds", flags->seconds, "Begin no further round after this many seconds")->check(CLI::Range(1, 1000000));
  app.add_option("--scale", flags->percent, "Length of each run, in percent, 100 unless given")
      ->check(CLI::Range(1, 10000));
  app.add_option("--seed", flags->seed, "Of the workloads and the order")->capture_default_str();
  app.add_flag("--quick", flags->quick, "3 rounds of a quarter of the length: about 40 seconds");
  app.add_flag("--instructions", flags->instructions,
               "Count instructions with callgrind where the processor's counter is not available; takes minutes");
  app.add_option("--json", flags->json, "Write the figures to this file");
  app.add_option("--html", flags->html, "Write a page with plots to this file");
}

// Paths are the caller's; `bazel run` starts us elsewhere.
fs::path FromCaller(const fs::path& path) {
  const char* const caller = std::getenv("BUILD_WORKING_DIRECTORY");
  if (path.is_absolute()) return path;
  return ((caller != nullptr ? fs::path(caller) : fs::current_path()) / path).lexically_normal();
}

fs::path Resource(const std::string& workspace_path) {
  using bazel::tools::cpp::runfiles::Runfiles;
  static const std::unique_ptr<Runfiles> runfiles(Runfiles::Create(fs::read_symlink("/proc/self/exe").string()));
  const std::string path = runfiles ? runfiles->Rlocation("breakproof/" + workspace_path) : "";
  if (path.empty() || !fs::exists(path)) {
    throw CouldNotRun("cannot find its own file " + workspace_path + "; start it with: bazel run //bench:compare");
  }
  return path;
}

harness::Case LoadCase(const fs::path& path) {
  harness::Case c;
  harness::ParseError error;
  if (!harness::ParseCase(harness::ReadWholeFile(path), &c, &error)) {
    throw CouldNotRun(path.string() + ":" + std::to_string(error.line) + ": not a case: " + error.message);
  }
  return c;
}

void RequireWritableFolder(const std::string& file) {
  if (file.empty()) return;
  const fs::path folder = FromCaller(file).parent_path();
  if (access(folder.c_str(), W_OK | X_OK) != 0) {
    throw CouldNotRun("cannot write " + FromCaller(file).string() + ": " + harness::ExplainErrno(errno));
  }
}

// Traces of the caller's get a run's length from how many operations they have.
Workload TraceWorkload(const fs::path& path, std::size_t operations) {
  constexpr std::uint64_t kOperations = 2000000;
  return {"trace_" + path.stem().string(), "what " + path.filename().string() + " recorded, replayed", kReplayProgram,
          path.string(), std::max<std::uint64_t>(1, kOperations / std::max<std::size_t>(1, operations))};
}

std::vector<Row> PrepareRows(const Flags& flags, const fs::path& traces) {
  std::vector<Row> rows;
  const auto add = [&](const Workload& workload) {
    rows.push_back({workload, std::max<std::uint64_t>(1, workload.iterations * static_cast<unsigned>(flags.percent) / 100), "", "", {}});
  };
  const auto pack = [&](const Workload& workload, const harness::Case& c) {
    harness::WriteDurably(traces / (workload.name + ".trace"), PackTrace(c));
  };
  for (const Workload& workload : WorkloadsNamed(flags.only)) {
    if (!workload.recorded_case.empty()) pack(workload, LoadCase(Resource(workload.recorded_case)));
    add(workload);
  }
  for (const std::string& trace : flags.traces) {
    const fs::path path = FromCaller(trace);
    const harness::Case c = LoadCase(path);
    const Workload workload = TraceWorkload(path, c.operations.size());
    pack(workload, c);
    add(workload);
  }
  return rows;
}

Results Prepare(const Flags& flags, const fs::path& traces) {
  Results results;
  results.machine = ThisMachine();
  results.seed = flags.seed;
  results.scale = flags.percent / 100.0;
  std::vector<fs::path> libraries;
  for (const std::string& library : flags.libraries) libraries.push_back(FromCaller(library));
  Subjects subjects = FindSubjects(Resource("bench/libbreakproof.so"), libraries);
  if (!flags.allocators.empty()) KeepOnly(flags.allocators, &subjects);
  results.subjects = std::move(subjects.present);
  results.remarks = std::move(subjects.missing);
  results.rows = PrepareRows(flags, traces);
  constexpr double kBusy = 0.7;
  if (results.machine.load_before > kBusy) {
    results.remarks.push_back("the machine was busy (load average " + std::to_string(results.machine.load_before).substr(0, 4) +
                              " before the first run): times are less certain than on an idle one");
  }
  return results;
}

void ShowProgress(const char* doing, int round, const Workload& workload, const Subject& subject) {
  if (isatty(STDERR_FILENO) == 0) return;
  std::fprintf(stderr, "\r\033[K%s %d: %s under %s", doing, round + 1, workload.name.c_str(), subject.name.c_str());
}

void ClearProgress() {
  if (isatty(STDERR_FILENO) != 0) std::fputs("\r\033[K", stderr);
}

// After every round, so that a run that is killed leaves what it had seen.
void WriteReports(const Flags& flags, const Results& results) {
  if (!flags.json.empty()) harness::WriteDurably(FromCaller(flags.json), JsonReport(results));
  if (!flags.html.empty()) harness::WriteDurably(FromCaller(flags.html), HtmlReport(results));
}

void Measure(const Flags& flags, const Plan& plan, Results* results) {
  RunRounds(plan, [](int round, const Workload& workload, const Subject& subject) {
              ShowProgress("round", round, workload, subject);
            },
            [&] { WriteReports(flags, *results); }, results);
  if (results->interrupted) {
    results->remarks.push_back("interrupted after " + std::to_string(results->rounds) +
                               " complete rounds; what the next one had seen by then is included");
  }
  if (IsMeasured(*results, Metric::kInstructions)) {
    results->instructions_counted_by = "processor";
  } else if (flags.instructions && !results->interrupted) {
    CountInstructions(plan, [](int, const Workload& workload, const Subject& subject) {
                        ShowProgress("callgrind", 0, workload, subject);
                      }, results);
  } else {
    results->remarks.push_back("instructions: n/a, this machine does not let the processor count them; --instructions "
                               "counts them with callgrind");
  }
  ClearProgress();
}

// How a failure becomes a case that the other tools explain: the trace is one; what another workload does is recorded
// under the system's malloc.
void SayHowToExplain(const Plan& plan, const Results& results) {
  for (const Row& row : results.rows) {
    const auto failed = std::find_if(row.cells.begin(), row.cells.end(), [](const Cell& cell) { return !cell.failure.empty(); });
    if (failed == row.cells.end()) continue;
    const fs::path library = results.subjects[static_cast<std::size_t>(failed - row.cells.begin())].library;
    const fs::path program = plan.programs / row.workload.program;
    const bool is_trace = !row.workload.recorded_case.empty();
    const std::string file = is_trace ? FromCaller(row.workload.recorded_case).string()
                                      : "breakproof-out/" + program.filename().string() + "-1.case";
    std::printf("to find out why:\n");
    if (!is_trace) {
      std::printf("  bazel run //tools:breakproof -- record --out breakproof-out -- %s %llu %llu\n", program.c_str(),
                  static_cast<unsigned long long>(row.iterations), static_cast<unsigned long long>(results.seed));
    }
    std::printf("  bazel run //tools:breakproof -- minimize %s --library %s --out small.case\n", file.c_str(), library.c_str());
  }
}

int Compare(Flags flags) {
  if (flags.rounds == 0) flags.rounds = flags.quick ? 3 : 5;
  if (flags.percent == 0) flags.percent = flags.quick ? 25 : 100;
  RequireWritableFolder(flags.json);
  RequireWritableFolder(flags.html);
  const tools::ScratchFolder traces;
  Results results = Prepare(flags, traces.path());
  Plan plan;
  plan.programs = Resource("bench/workloads/sequential/ring").parent_path().parent_path();
  plan.traces = traces.path();
  plan.rounds = flags.rounds;
  plan.budget = std::chrono::seconds(flags.seconds);
  plan.stop = &stop_requested;
  DropWhatDoesNotStart(plan, &results);
  Measure(flags, plan, &results);
  WriteReports(flags, results);
  std::fputs(TerminalReport(results).c_str(), stdout);
  for (const std::string& remark : results.remarks) std::printf("note: %s\n", remark.c_str());
  SayHowToExplain(plan, results);
  if (HasFailedItself(results)) return kRunFailed;
  return results.interrupted ? kInterrupted : kCompared;
}

int Main(int argc, char** argv) {
  CLI::App app("Compares memory allocators on a set of workloads: time, memory, page faults.", "compare");
  app.footer("Exit codes: 0 compared, 10 an allocator crashed or lost bytes (one of Debian's peers that does is only reported), "
             "11 could not run, 130 interrupted.");
  Flags flags;
  AddFlags(app, &flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    std::fprintf(stderr, "compare: %s; --help shows what is possible\n", error.what());
    return kCouldNotRun;
  }
  struct sigaction action = {};
  action.sa_handler = [](int) { stop_requested = true; };
  action.sa_flags = SA_RESETHAND;  // the second Ctrl-C is for whoever does not want to wait
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  return Compare(flags);
}

}  // namespace
}  // namespace breakproof::bench

int main(int argc, char** argv) {
  try {
    return breakproof::bench::Main(argc, argv);
  } catch (const breakproof::harness::CouldNotRun& problem) {
    std::fprintf(stderr, "compare: %s\n", problem.what());
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "compare: stopped by an unexpected error (%s); please report it with the command line\n", problem.what());
  }
  return breakproof::bench::kCouldNotRun;
}
