// A finding goes through minimize, replay and emit in whatever form it comes: a RapidCheck counterexample, the journal
// of a killed process, a recorded trace, a comparison that failed. (libFuzzer's crash files: trial_test.)
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>

#include "tests/support/run_command.h"

namespace breakproof::tests {
namespace {

namespace fs = std::filesystem;

std::string PathIn(const char* variable) { return fs::absolute(std::getenv(variable)); }

const std::string kBreakproof = PathIn("BREAKPROOF");
const std::string kDirty = PathIn("DIRTY_LIBRARY");

// The three commands on a file, whatever is in it; `subject` are the flags that name the allocator.
void ExpectExplained(const std::string& breakproof, const std::string& file, const std::vector<std::string>& subject,
                     const std::string& rule) {
  const fs::path folder = FreshFolder(fs::path(file).filename().string() + ".explained");
  const auto run = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), breakproof);
    arguments.insert(arguments.end(), subject.begin(), subject.end());
    return RunCommand(arguments);
  };
  const CommandResult minimized = run({"minimize", file, "--out", folder / "small.case"});
  ASSERT_EQ(minimized.exit_code, 10) << minimized.out << minimized.err;
  EXPECT_TRUE(std::regex_search(minimized.out, std::regex("\n(" + rule + ") broken by operation [1-6] of [1-6],"))) << minimized.out;
  const CommandResult replay = run({"replay", folder / "small.case"});
  EXPECT_EQ(replay.exit_code, 10) << replay.err;
  EXPECT_TRUE(std::regex_search(replay.out, std::regex("verdict: (" + rule + ") was broken"))) << replay.out;
  const CommandResult emitted = run({"emit", folder / "small.case", "--out", folder / "shows.c"});
  EXPECT_EQ(emitted.exit_code, 10) << emitted.err;
  EXPECT_TRUE(fs::exists(folder / "shows.c"));
}

// As a test prints it, into a log.
TEST(SourcesTest, RapidCheckCounterexample) {
  const CommandResult property = RunCommand({"/usr/bin/env", "RC_PARAMS=max_success=4000 seed=7", PathIn("PROPERTY_ON_MUTANT")});
  ASSERT_NE(property.exit_code, 0) << "the property holds on the mutant";
  const std::string log = FreshFolder("rapidcheck") + "/test.log";
  std::ofstream(log) << property.out << property.err;
  std::smatch rule;
  const std::string said = property.out + property.err;
  ASSERT_TRUE(std::regex_search(said, rule, std::regex("rule ([A-Z][0-9]+) broken by operation"))) << said;
  ExpectExplained(PathIn("BREAKPROOF_ON_MUTANT"), log, {"--production"}, rule[1]);
}

// Killed while an operation did not return: what is left is the journal, with that operation at its end.
TEST(SourcesTest, JournalOfAKilledProcess) {
  const std::string folder = FreshFolder("killed");
  const std::string library = PathIn("HANGING_LIBRARY");
  const pid_t child = fork();
  if (child == 0) {
    dup2(open("/dev/null", O_WRONLY), 1);
    dup2(open("/dev/null", O_WRONLY), 2);
    execl(kBreakproof.c_str(), kBreakproof.c_str(), "check", "--library", library.c_str(), "--jobs", "1", "--hang-seconds", "1000",
          "--seconds", "1000", "--out", folder.c_str(), nullptr);
    _exit(127);
  }
  // It hangs once the journal no longer advances.
  const std::string journal = folder + "/lane-0.journal";
  const auto contents = [&] {
    std::ifstream stream(journal, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(stream), {});
  };
  std::string before;
  for (int still = 0, waited = 0; still < 8 && waited < 240; ++waited) {
    usleep(250000);
    const std::string now = contents();
    still = !now.empty() && now == before ? still + 1 : 0;
    before = now;
  }
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  ExpectExplained(kBreakproof, journal, {"--library", library}, "H0|H8");
}

TEST(SourcesTest, RecordedTrace) {
  const std::string folder = FreshFolder("recorded");
  ASSERT_EQ(RunCommand({kBreakproof, "record", "--out", folder, "--", "/usr/bin/perl", "-e",
                        "my %h; $h{$_} = 'x' x $_ for 1 .. 300; %h = (); print join ',', map { $_ * 2 } 1 .. 500"}).exit_code, 0);
  ExpectExplained(kBreakproof, folder + "/perl-1.case", {"--library", kDirty}, "H5");
}

// The comparison says what to do with what it found; that is done.
TEST(SourcesTest, ComparisonThatFailed) {
  const fs::path folder = FreshFolder("compared");
  const CommandResult compared = RunCommand({PathIn("COMPARE"), "--rounds", "1", "--scale", "1", "--only", "survivors", "--library",
                                             PathIn("OVERLAPPING_LIBRARY")});
  ASSERT_EQ(compared.exit_code, 10) << compared.out << compared.err;
  std::smatch said;
  ASSERT_TRUE(std::regex_search(compared.out, said, std::regex(
      "to find out why:\n  bazel run //tools:breakproof -- record --out breakproof-out -- (.*) ([0-9]+) ([0-9]+)\n"
      "  bazel run //tools:breakproof -- minimize (breakproof-out/.*) --library (.*) --out small.case\n"))) << compared.out;
  ASSERT_EQ(RunCommand({kBreakproof, "record", "--out", folder / "breakproof-out", "--", said[1], said[2], said[3]}).exit_code, 0);
  ExpectExplained(kBreakproof, folder / std::string(said[4]), {"--library", said[5]}, "H1");
}

}  // namespace
}  // namespace breakproof::tests
