// What was found survives: a hundred SIGKILLs at random moments of check, minimize and the fuzz launcher lose no
// finding and leave no file that is half written under its name; a full disk is one sentence.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <thread>

#include "tests/support/run_command.h"

namespace breakproof::tests {
namespace {

namespace fs = std::filesystem;

constexpr int kKillsOfCheck = 40;
constexpr int kKillsOfMinimize = 40;
constexpr int kKillsOfFuzzer = 20;

const std::string kBreakproof = fs::absolute(std::getenv("BREAKPROOF"));
const std::string kBroken = fs::absolute(std::getenv("BROKEN_LIBRARY"));
const std::string kFullDisk = fs::absolute(std::getenv("FULL_DISK_LIBRARY"));
const std::string kLongCase = fs::absolute(std::getenv("LONG_CASE"));
const std::string kLauncher = fs::absolute(std::getenv("FUZZ_LAUNCHER"));
const std::string kPlanted = fs::absolute(std::getenv("PLANTED_FUZZER"));

std::string Contents(const fs::path& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// Starts a command in a process group of its own and kills the group (or the command alone) after a random time.
// Returns whether the kill came before the end.
bool KillAtRandom(const std::vector<std::string>& arguments, int most_milliseconds, bool whole_group) {
  static std::mt19937 random(8);
  const std::chrono::milliseconds after(random() % static_cast<unsigned>(most_milliseconds));
  std::vector<char*> pointers;
  for (const std::string& argument : arguments) pointers.push_back(const_cast<char*>(argument.c_str()));
  pointers.push_back(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    setpgid(0, 0);
    if (freopen("/dev/null", "w", stdout) == nullptr || freopen("/dev/null", "w", stderr) == nullptr) _exit(126);
    execv(pointers[0], pointers.data());
    _exit(127);
  }
  setpgid(child, child);
  std::this_thread::sleep_for(after);
  kill(whole_group ? -child : child, SIGKILL);
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status);
}

int MillisecondsOf(const std::vector<std::string>& arguments) {
  const auto start = std::chrono::steady_clock::now();
  RunCommand(arguments);
  const auto taken = std::chrono::steady_clock::now() - start;
  return std::max(1, static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(taken).count()));
}

std::set<std::string> FilesWith(const fs::path& folder, const std::string& extension) {
  std::set<std::string> names;
  if (!fs::exists(folder)) return names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == extension) names.insert(entry.path().filename());
  }
  return names;
}

// "H5" of "H5-calloc-408199e7.case".
std::set<std::string> Rules(const std::set<std::string>& names) {
  std::set<std::string> rules;
  for (const std::string& name : names) {
    if (!name.starts_with("killed-")) rules.insert(name.substr(0, name.find('-')));
  }
  return rules;
}

// Whole: as written, to its last operation.
void ExpectWhole(const fs::path& file) {
  const std::string content = Contents(file);
  EXPECT_EQ(content.find("# breakproof case v"), 0u) << file;
  EXPECT_EQ(content.back(), '\n') << file;
}

TEST(SurvivalTest, KilledCheckLosesNothing) {
  const std::string folder = FreshFolder("check");
  std::set<std::string> rules;
  int killed = 0;
  for (int i = 0; i < kKillsOfCheck; ++i) {
    killed += KillAtRandom({kBreakproof, "check", "--library", kBroken, "--seed", std::to_string(i), "--seconds", "20",
                            "--out", folder}, 1200, false);
    const std::set<std::string> names = FilesWith(folder, ".case");
    for (const std::string& name : names) ExpectWhole(fs::path(folder) / name);
    for (const std::string& rule : rules) EXPECT_TRUE(Rules(names).contains(rule)) << rule << " was found, and lost";
    rules.merge(Rules(names));
  }
  EXPECT_GT(killed, kKillsOfCheck / 2);
  EXPECT_TRUE(rules.contains("H5")) << "nothing was ever found";
  // The folder serves the next run, which finds what there is to find.
  const CommandResult next = RunCommand({kBreakproof, "check", "--library", kBroken, "--operations", "30000", "--out", folder});
  EXPECT_EQ(next.exit_code, 10) << next.err;
  for (const std::string& name : FilesWith(folder, ".case")) {
    const CommandResult replay = RunCommand({kBreakproof, "replay", folder + "/" + name, "--library", kBroken});
    EXPECT_EQ(replay.exit_code, name.starts_with("killed-") ? replay.exit_code : 10) << name << replay.err;
    EXPECT_NE(replay.exit_code, 11) << name << replay.err;
  }
}

TEST(SurvivalTest, KilledMinimizeKeepsTheBestSoFar) {
  const std::string folder = FreshFolder("minimize");
  const std::string before = Contents(kLongCase);
  const std::string out = folder + "/small.case";
  const std::vector<std::string> minimize = {kBreakproof, "minimize", kLongCase, "--library", kBroken, "--out", out};
  const int whole = MillisecondsOf(minimize);  // how long it takes depends on the machine, and kills have to come before
  fs::remove(out);
  int killed = 0;
  bool was_there = false;
  for (int i = 0; i < kKillsOfMinimize; ++i) {
    killed += KillAtRandom(minimize, whole, false);
    EXPECT_TRUE(fs::exists(out) || !was_there) << "the best so far is gone";
    was_there |= fs::exists(out);
    if (!fs::exists(out)) continue;
    ExpectWhole(out);
    if (i % 4 != 0) continue;
    const CommandResult replay = RunCommand({kBreakproof, "replay", out, "--library", kBroken});
    EXPECT_NE(replay.out.find("verdict: H5 was broken"), std::string::npos) << replay.out << replay.err;
  }
  EXPECT_GT(killed, kKillsOfMinimize / 4);
  EXPECT_TRUE(was_there);
  EXPECT_EQ(Contents(kLongCase), before);
}

// The planted fuzzer crashes on inputs that it soon reaches. A file of the corpus is an input, whole or not; what
// counts is that findings stay, and that the next start works with what is there.
TEST(SurvivalTest, KilledFuzzerLosesNothing) {
  const std::string root = FreshFolder("fuzz");
  const fs::path artifacts = fs::path(root) / "planted" / "artifacts";
  std::set<std::string> known;
  const auto names = [&] {
    std::set<std::string> all;
    if (fs::exists(artifacts)) {
      for (const auto& entry : fs::directory_iterator(artifacts)) all.insert(entry.path().filename());
    }
    return all;
  };
  const fs::path folder = fs::path(kPlanted).parent_path();
  fs::current_path(folder);  // the launcher's targets are relative, as `bazel run` has them
  const std::vector<std::string> launch = {"/bin/bash", kLauncher, "--name=planted",
                                           "--target=" + fs::path(kPlanted).filename().string(),
                                           "--fuzzing_output_root=" + root, "--timeout_secs=20"};
  for (int i = 0; i < kKillsOfFuzzer; ++i) {
    KillAtRandom(launch, 1500, true);
    const std::set<std::string> now = names();
    for (const std::string& name : known) EXPECT_TRUE(now.contains(name)) << name << " was found, and lost";
    known = now;
  }
  while (names().empty()) RunCommand(launch);  // it ends with the first crash
  for (const std::string& name : names()) {
    EXPECT_NE(RunCommand({kPlanted, artifacts / name}).exit_code, 0) << name << " does not show what it was kept for";
  }
}

TEST(SurvivalTest, FullDiskIsOneSentence) {
  const std::string folder = FreshFolder("full");
  const auto with_full_disk = [](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), kBreakproof);
    return RunCommand(arguments, [] { setenv("LD_PRELOAD", kFullDisk.c_str(), 1); });
  };
  for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{
           {"minimize", kLongCase, "--library", kBroken, "--out", folder + "/small.case"},
           {"emit", kLongCase, "--library", kBroken, "--out", folder + "/program.c"},
           {"emit", kLongCase, "--library", kBroken, "--corpus", folder + "/corpus", "--out", folder + "/program.c"},
           {"report", kLongCase, "--library", kBroken, "--out", folder + "/report.html"}}) {
    const CommandResult result = with_full_disk(command);
    EXPECT_EQ(result.exit_code, 11) << command[0];
    EXPECT_NE(result.err.find("No space left on device"), std::string::npos) << result.err;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  }
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    EXPECT_FALSE(entry.is_regular_file()) << entry.path() << " is not whole and must not be there";
  }
}

}  // namespace
}  // namespace breakproof::tests
