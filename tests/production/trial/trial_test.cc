// Five slips of the production allocator, from the crash file that libFuzzer writes to a program that shows the bug, by
// the three commands of the README: minimize, replay, emit. The same rule is named throughout.
//
// Four are found on the simulated kernel, under all the models. The fork that hangs is not: a fork needs a process, so
// it is found where the library runs in worker processes, on the real kernel.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>

#include "tests/support/run_command.h"

namespace breakproof::tests {
namespace {

namespace fs = std::filesystem;

const fs::path kTrial = fs::absolute(std::getenv("TRIAL_FOLDER"));
const std::string kSound = fs::absolute(std::getenv("SOUND_LIBRARY"));
const std::string kLauncher = fs::absolute(std::getenv("FUZZ_LAUNCHER"));
const fs::path kLibraryFuzz = fs::absolute(std::getenv("LIBRARY_FUZZ"));
const std::string kBreakproof = fs::absolute(std::getenv("BREAKPROOF"));

struct Slip {
  const char* mutant;
  const char* rules;  // any of them, as the corpus of the generator may change which comes first
  bool is_simulated;
  // Of the fuzzer. Where the minimal case has threads, their own memory may keep a program from the same kernel calls.
  int seed = 1;
};
void PrintTo(const Slip& slip, std::ostream* out) { *out << slip.mutant; }

constexpr Slip kSlips[] = {
    {"realloc_reads_too_much", "H0", true},         // an over-read
    {"remote_batch_truncated", "H10 H12", true, 2}, // a lost remote free
    {"errno_set_in_free", "H6", true, 2},           // an errno slip
    {"trims_a_page_too_far", "K6", true, 2},        // a wrong trim
    {"fork_keeps_lock", "T1", false},               // a fork that hangs
};

bool Has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::string Library(const Slip& slip) { return kTrial / ("lib" + std::string(slip.mutant) + ".so"); }

// The launcher's targets are relative, as `bazel run` has them. The seed, and runs instead of seconds: always the same.
CommandResult Fuzz(const Slip& slip, const fs::path& folder) {
  const fs::path target = slip.is_simulated ? kTrial / ("fuzz_" + std::string(slip.mutant)) : kLibraryFuzz;
  fs::current_path(target.parent_path());
  std::vector<std::string> command = {"/usr/bin/env"};
  if (!slip.is_simulated) command.push_back("BREAKPROOF_LIBRARY=" + Library(slip));
  command.insert(command.end(), {"/bin/bash", kLauncher, "--name=trial", "--target=" + target.filename().string(),
                                 "--max_len=10000", "--fuzzing_output_root=" + folder.string(), "--", "-seed=" + std::to_string(slip.seed), "-runs=300000"});
  return RunCommand(command);
}

std::string CrashFile(const fs::path& folder) {
  for (const auto& entry : fs::directory_iterator(folder / "trial" / "artifacts")) {
    if (entry.path().filename().string().starts_with("crash-")) return entry.path();
  }
  return "";
}

// breakproof COMMAND CASE on the slip, as its author would call it.
CommandResult Breakproof(const Slip& slip, std::vector<std::string> arguments) {
  if (slip.is_simulated) {
    arguments.insert(arguments.begin(), kTrial / ("breakproof_" + std::string(slip.mutant)));
    arguments.push_back("--production");
  } else {
    arguments.insert(arguments.begin(), kBreakproof);
    arguments.insert(arguments.end(), {"--library", Library(slip)});
  }
  return RunCommand(arguments);
}

std::string FirstMatch(const std::string& text, const std::string& pattern) {
  std::smatch match;
  return std::regex_search(text, match, std::regex(pattern)) ? match[1].str() : "";
}

std::size_t OperationsIn(const fs::path& file) {
  std::ifstream stream(file);
  std::size_t count = 0;
  for (std::string line; std::getline(stream, line);) count += line.starts_with("t");
  return count;
}

void ExpectShows(const fs::path& program, const Slip& slip, const std::string& rule) {
  for (const std::string compiler : {"/usr/bin/cc", "/usr/bin/clang-19"}) {
    const fs::path shows = program.parent_path() / "shows";
    const CommandResult compiled = RunCommand({compiler, "-O1", "-Wall", "-Werror", "-fno-builtin", "-pthread", "-rdynamic",
                                               program, "-o", shows});
    ASSERT_EQ(compiled.exit_code, 0) << compiler << "\n" << compiled.err;
    const CommandResult broken = RunCommand({"/usr/bin/env", "LD_PRELOAD=" + Library(slip), shows});
    EXPECT_EQ(broken.exit_code, 1) << broken.out << broken.err;
    EXPECT_TRUE(Has(broken.out, "breaks " + rule + "\n")) << broken.out;
    const CommandResult held = RunCommand({"/usr/bin/env", "LD_PRELOAD=" + kSound, shows});
    EXPECT_EQ(held.exit_code, 0) << held.out << held.err;
    EXPECT_EQ(held.out, "every check held\n");
  }
}

class TrialTest : public testing::TestWithParam<Slip> {};

TEST_P(TrialTest, FromACrashFileToAProgram) {
  const Slip& slip = GetParam();
  const fs::path folder = FreshFolder(slip.mutant);
  const CommandResult fuzz = Fuzz(slip, folder);
  const std::string crash = CrashFile(folder);
  ASSERT_NE(crash, "") << fuzz.err.substr(fuzz.err.size() > 4000 ? fuzz.err.size() - 4000 : 0);

  const fs::path small = folder / "small.case";
  const CommandResult minimized = Breakproof(slip, {"minimize", crash, "--out", small});
  ASSERT_EQ(minimized.exit_code, 10) << minimized.out << minimized.err;
  EXPECT_LE(OperationsIn(small), 6u) << minimized.out;
  const std::string rule = FirstMatch(minimized.out, "\n([A-Z][0-9]+) broken by operation");
  EXPECT_TRUE(Has(slip.rules, rule) && !rule.empty()) << minimized.out;
  // What the fuzz target itself said, unless the crash was its own end.
  const std::string said = FirstMatch(fuzz.err, "\nrule ([A-Z][0-9]+) broken by operation");
  EXPECT_TRUE(said == rule || (said.empty() && rule == "H0")) << said;

  const CommandResult replay = Breakproof(slip, {"replay", small});
  EXPECT_EQ(replay.exit_code, 10) << replay.err;
  EXPECT_TRUE(Has(replay.out, "verdict: " + rule + " was broken")) << replay.out;
  EXPECT_TRUE(Has(replay.out, "expected") && Has(replay.out, "actual") && Has(replay.out, "held of the kernel:")) << replay.out;
  // The guilty block, by its name or as one that ended, and who made it; a fork has none.
  EXPECT_TRUE(!slip.is_simulated || std::regex_search(replay.out, std::regex("\n   >> .* by (operation|t[0-9])"))) << replay.out;

  const fs::path program = folder / "shows_it.c";
  const CommandResult emitted = Breakproof(slip, {"emit", small, "--out", program});
  ASSERT_EQ(emitted.exit_code, 10) << emitted.err;
  ExpectShows(program, slip, rule);
}

INSTANTIATE_TEST_SUITE_P(Slips, TrialTest, testing::ValuesIn(kSlips),
                         [](const testing::TestParamInfo<Slip>& info) { return std::string(info.param.mutant); });

}  // namespace
}  // namespace breakproof::tests
