// The command line as a person meets it: help, bad input, a full disk, Ctrl-C, a killed run.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/run_command.h"

namespace breakproof::tests {
namespace {

namespace fs = std::filesystem;

const std::string kBreakproof = std::getenv("BREAKPROOF");
const std::string kFullDisk = fs::absolute(std::getenv("FULL_DISK_LIBRARY"));
const std::string kBroken = fs::absolute(std::getenv("BROKEN_LIBRARY"));
const std::string kSound = fs::absolute(std::getenv("SOUND_LIBRARY"));

CommandResult Breakproof(std::vector<std::string> arguments, void (*before_exec)() = nullptr) {
  arguments.insert(arguments.begin(), kBreakproof);
  return RunCommand(arguments, before_exec);
}

// One sentence on stderr, no verdict.
void ExpectCouldNotRun(const CommandResult& result, const std::string& says) {
  EXPECT_EQ(result.exit_code, 11);
  EXPECT_NE(result.err.find(says), std::string::npos) << result.err;
  EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  EXPECT_EQ(result.err.rfind("breakproof: ", 0), 0u) << result.err;
}

std::string Write(const fs::path& file, const std::string& text) {
  std::ofstream(file) << text;
  return file;
}

std::vector<fs::path> Cases(const fs::path& folder) {
  std::vector<fs::path> cases;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".case") cases.push_back(entry.path());
  }
  return cases;
}

TEST(CommandTest, HelpAndVersion) {
  EXPECT_EQ(Breakproof({"--help"}).exit_code, 0);
  EXPECT_NE(Breakproof({"check", "--help"}).out.find("--library"), std::string::npos);
  EXPECT_EQ(Breakproof({"--version"}).out.rfind("breakproof ", 0), 0u);
}

TEST(CommandTest, ImpossibleFlags) {
  ExpectCouldNotRun(Breakproof({}), "subcommand");
  ExpectCouldNotRun(Breakproof({"check", "--nonsense"}), "--nonsense");
  ExpectCouldNotRun(Breakproof({"check", "--seconds", "-3"}), "--seconds");
  ExpectCouldNotRun(Breakproof({"check", "--operations", "many"}), "--operations");
  ExpectCouldNotRun(Breakproof({"check", "--operations", "5", "--seconds", "5"}), "--seconds");
  ExpectCouldNotRun(Breakproof({"replay"}), "CASE");
}

TEST(CommandTest, LibrariesThatAreNone) {
  const std::string out = FreshFolder("none");
  const auto check = [&](const std::string& library) {
    return Breakproof({"check", "--out", out, "--library", library});
  };
  ExpectCouldNotRun(check("/usr/lib/x86_64-linux-gnu/libm.so.6"), "is not an allocator");
  ExpectCouldNotRun(check(out + "/missing.so"), "there is no library");
  ExpectCouldNotRun(check(out), "is not a file");
  ExpectCouldNotRun(check(Write(out + "/text.so", "not a library")), "is not a shared library");
  const std::string elf = std::string("\177ELF\002\001\001", 7) + std::string(9, '\0') + "\003" + std::string(1, '\0') + "\076";
  ExpectCouldNotRun(check(Write(out + "/torn.so", elf + std::string(60, '\0'))), "could not be loaded");
}

TEST(CommandTest, UnreadableCorpusAndCases) {
  const std::string folder = FreshFolder("corpus");
  ExpectCouldNotRun(Breakproof({"check", "--out", folder, "--corpus", folder + "/missing"}), "cannot read the corpus");
  const std::string corrupt = Write(folder + "/corrupt.case", "# breakproof case v1\nt0  a = malloc 8\nt0  a = mallok 8\n");
  ExpectCouldNotRun(Breakproof({"check", "--out", folder, "--corpus", folder}), "corrupt.case:3");
  ExpectCouldNotRun(Breakproof({"replay", corrupt}), "corrupt.case:3");
  ExpectCouldNotRun(Breakproof({"replay", folder + "/missing.case"}), "cannot read");
  ExpectCouldNotRun(Breakproof({"replay", Write(folder + "/other.case", "hello\n")}), "first line");
}

TEST(CommandTest, NoRoomForTheJournal) {
  ExpectCouldNotRun(Breakproof({"check", "--operations", "1000", "--out", FreshFolder("full")},
                               [] {
                                 const rlimit limit = {10000, 10000};
                                 setrlimit(RLIMIT_FSIZE, &limit);
                               }),
                    "cannot reserve");
}

// The journals fit, the case files do not: what was found must come out all the same.
TEST(CommandTest, DiskFullWhenAFindingIsWritten) {
  const std::string folder = FreshFolder("full_disk");
  const CommandResult result = Breakproof(
      {"check", "--operations", "20000", "--corpus", FreshFolder("empty_corpus"), "--out", folder, "--library", kBroken},
      [] { setenv("LD_PRELOAD", kFullDisk.c_str(), 1); });
  EXPECT_EQ(result.exit_code, 10) << result.err;
  EXPECT_NE(result.err.find("No space left on device"), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("# breakproof case v1"), std::string::npos) << result.err;
  EXPECT_NE(result.out.find("VIOLATED"), std::string::npos) << result.out;
  EXPECT_TRUE(Cases(folder).empty()) << "a file that is not whole must not keep its name";
}

TEST(CommandTest, QuietInAPipeAndTheSameTwice) {
  const std::string folder = FreshFolder("twice");
  nlohmann::json verdicts[2];
  for (int run = 0; run < 2; ++run) {
    const std::string json = folder + "/" + std::to_string(run) + ".json";
    const CommandResult result = Breakproof({"check", "--operations", "100000", "--seed", "7", "--out", folder,
                                             "--json", json, "--jobs", std::to_string(run + 1)});
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_EQ(result.err, "");
    std::ifstream(json) >> verdicts[run];
    verdicts[run].erase("seconds");
  }
  EXPECT_EQ(verdicts[0], verdicts[1]);
  EXPECT_EQ(verdicts[0]["operations"], 100000);
}

// Starts a check that would take a minute, sends the signal after a while, returns the wait status.
int SignalledCheck(const std::vector<std::string>& flags, int signal_number, const std::string& err) {
  std::vector<std::string> arguments = {kBreakproof, "check", "--seconds", "60"};
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    dup2(open("/dev/null", O_WRONLY), 1);
    dup2(open(err.c_str(), O_WRONLY | O_CREAT, 0644), 2);
    execv(pointers[0], pointers.data());
    _exit(127);
  }
  sleep(3);
  kill(child, signal_number);
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

std::string Text(const std::string& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

TEST(CommandTest, CtrlCKeepsWhatWasFound) {
  const std::string folder = FreshFolder("interrupted");
  const std::string err = folder + "/err";
  const int status = SignalledCheck({"--out", folder, "--library", kBroken}, SIGINT, err);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 10) << status;
  EXPECT_NE(Text(err).find("breakproof: interrupted after"), std::string::npos) << Text(err);
  EXPECT_FALSE(Cases(folder).empty());
  const int held = SignalledCheck({"--out", folder, "--library", kSound}, SIGINT, err);
  EXPECT_TRUE(WIFEXITED(held) && WEXITSTATUS(held) == 130) << held;
}

TEST(CommandTest, AKilledRunIsRecovered) {
  const std::string folder = FreshFolder("killed");
  // A kill between two cases finds no operation under way and has nothing to recover: then once more.
  CommandResult next;
  for (int kills = 0; kills < 8 && Cases(folder).empty(); ++kills) {
    EXPECT_TRUE(WIFSIGNALED(SignalledCheck({"--out", folder, "--library", kSound}, SIGKILL, folder + "/err")));
    next = Breakproof({"check", "--operations", "10", "--out", folder});
    EXPECT_EQ(next.exit_code, 0);
  }
  EXPECT_NE(next.err.find("an earlier run was killed"), std::string::npos) << next.err;
  ASSERT_FALSE(Cases(folder).empty());
  EXPECT_EQ(Breakproof({"replay", Cases(folder).front(), "--library", kSound}).exit_code, 0);
}

TEST(CommandTest, TwoRunsInOneFolder) {
  const std::string folder = FreshFolder("shared");
  const pid_t other = fork();
  if (other == 0) {
    dup2(open("/dev/null", O_WRONLY), 1);
    execl(kBreakproof.c_str(), kBreakproof.c_str(), "check", "--seconds", "30", "--out", folder.c_str(), nullptr);
    _exit(127);
  }
  sleep(1);
  ExpectCouldNotRun(Breakproof({"check", "--operations", "10", "--out", folder}), "another breakproof is running");
  kill(other, SIGKILL);
  waitpid(other, nullptr, 0);
}

TEST(CommandTest, RecordsAProgram) {
  const std::string folder = FreshFolder("recorded");
  const CommandResult record =
      Breakproof({"record", "--out", folder, "--", "/bin/sh", "-c", "ls / > /dev/null; sort /etc/passwd > /dev/null"});
  EXPECT_EQ(record.exit_code, 0) << record.err;
  ASSERT_TRUE(fs::exists(folder + "/ls-1.case")) << record.out;
  ASSERT_TRUE(fs::exists(folder + "/sort-1.case")) << record.out;
  EXPECT_EQ(Breakproof({"replay", folder + "/ls-1.case"}).exit_code, 0);
  ExpectCouldNotRun(Breakproof({"record", "--out", folder, "--", "/no/such/program"}), "cannot start");
}

}  // namespace
}  // namespace breakproof::tests
