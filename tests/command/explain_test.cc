// From a finding to its explanation: minimize, replay with a drawing, gdb, and a program of its own, on broken
// allocators and in every form in which a finding comes.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/support/run_command.h"

namespace breakproof::tests {
namespace {

namespace fs = std::filesystem;

const std::string kBreakproof = std::getenv("BREAKPROOF");
const std::string kLongCase = fs::absolute(std::getenv("LONG_CASE"));
const std::string kTwin = fs::absolute(std::getenv("TWIN_LIBRARY"));
const std::string kDirty = fs::absolute(std::getenv("DIRTY_LIBRARY"));

CommandResult Breakproof(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), kBreakproof);
  return RunCommand(arguments);
}

std::string Write(const fs::path& file, const std::string& text) {
  std::ofstream(file) << text;
  return file;
}

std::string Contents(const fs::path& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::size_t OperationsIn(const fs::path& file) {
  std::ifstream stream(file);
  std::size_t count = 0;
  for (std::string line; std::getline(stream, line);) count += line.starts_with("t");
  return count;
}

bool Has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// A case, the broken allocator that it breaks, and the rule.
struct Finding {
  const char* name;
  const char* library;  // environment variable
  const char* rule;
  const char* content;  // nullptr: the long recorded case
};
const Finding kFindings[] = {
    {"dirt", "DIRTY_LIBRARY", "H5", nullptr},
    {"overlap", "OVERLAPPING_LIBRARY", "H1", nullptr},
    {"over_read", "OVER_READING_LIBRARY", "H0",
     "# breakproof case v1\nt0  z = malloc 10\nt0  a = malloc 500\nt1  b = malloc 8\nt0  a = realloc a 5000000\nt0  check\n"},
    {"remote_free", "DOUBLING_LIBRARY", "H1",
     "# breakproof case v1\nt1  a = malloc 385\nt0  z = malloc 20\nt0  free a\nt1  b = malloc 385\nt2  c = malloc 385\n"
     "t1  d = malloc 385\nt2  e = malloc 385\n"},
    {"errno", "ERRNO_LIBRARY", "H6", "# breakproof case v1\nt0  a = malloc 10\nt1  b = malloc 10\nt1  exit\nt0  free a\n"},
};

TEST(ExplainTest, FromAFindingToAProgram) {
  for (const Finding& finding : kFindings) {
    SCOPED_TRACE(finding.name);
    const fs::path folder = FreshFolder(finding.name);
    const std::string library = fs::absolute(std::getenv(finding.library));
    const std::string input = finding.content == nullptr ? kLongCase : Write(folder / "found.case", finding.content);
    const std::string small = folder / "small.case";
    const CommandResult minimized = Breakproof({"minimize", input, "--library", library, "--out", small});
    ASSERT_EQ(minimized.exit_code, 10) << minimized.out << minimized.err;
    EXPECT_LE(OperationsIn(small), 6u) << Contents(small);

    const CommandResult replay = Breakproof({"replay", small, "--library", library});
    EXPECT_EQ(replay.exit_code, 10) << replay.err;
    EXPECT_TRUE(Has(replay.out, "verdict: " + std::string(finding.rule) + " was broken")) << replay.out;
    EXPECT_TRUE(Has(replay.out, "memory ") && Has(replay.out, "held of the kernel:")) << replay.out;

    const std::string program = folder / "shows.c";
    ASSERT_EQ(Breakproof({"emit", small, "--library", library, "--out", program, "--corpus", folder / "corpus"}).exit_code, 10);
    EXPECT_EQ(std::distance(fs::directory_iterator(folder / "corpus"), fs::directory_iterator()), 1);
    const CommandResult compiled = RunCommand({"/usr/bin/cc", "-O1", "-Wall", "-Werror", "-fno-builtin", "-pthread", "-rdynamic",
                                               program, "-o", folder / "shows"});
    ASSERT_EQ(compiled.exit_code, 0) << compiled.err;
    const CommandResult broken = RunCommand({"/usr/bin/env", "LD_PRELOAD=" + library, folder / "shows"});
    EXPECT_EQ(broken.exit_code, 1) << broken.out;
    EXPECT_TRUE(Has(broken.out, std::string("breaks ") + finding.rule) && Has(broken.out, "expected") &&
                Has(broken.out, "actual")) << broken.out;
    const CommandResult held = RunCommand({"/usr/bin/env", "LD_PRELOAD=" + kTwin, folder / "shows"});
    EXPECT_EQ(held.exit_code, 0) << held.out;
  }
}

constexpr const char* kCase =
    "# breakproof case v1\nt0  a = malloc 4081\nt0  free a\nt0  b = calloc 511 8\nt0  c = malloc 100\n";

TEST(ExplainTest, StopsWhereItIsToldTo) {
  const std::string file = Write(fs::path(FreshFolder("until")) / "some.case", kCase);
  const CommandResult result = Breakproof({"replay", file, "--library", kDirty, "--until", "2"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(Has(result.out, "memory after operation 2")) << result.out;
  EXPECT_TRUE(Has(result.out, "calloc 511 8                     -> (not reached)")) << result.out;
  EXPECT_TRUE(Has(result.out, "ended  4081 B  by operation 2")) << result.out;
  EXPECT_EQ(Breakproof({"replay", file, "--until", "5"}).exit_code, 11);
}

TEST(ExplainTest, GdbStopsBeforeTheGuiltyOperation) {
  const std::string file = Write(fs::path(FreshFolder("gdb")) / "some.case", kCase);
  const CommandResult result = Breakproof({"replay", file, "--library", kDirty, "--gdb"});  // its input is empty: it quits
  EXPECT_TRUE(Has(result.out, "breakproof_guilty_is_next") && Has(result.out, "next: t0  b = calloc 511 8")) << result.out << result.err;
  const CommandResult without = RunCommand({"/usr/bin/env", "PATH=/nowhere", kBreakproof, "replay", file, "--library", kDirty, "--gdb"});
  EXPECT_EQ(without.exit_code, 11);
  EXPECT_TRUE(Has(without.err, "gdb is not installed")) << without.err;
}

TEST(ExplainTest, TakesAFindingInEveryForm) {
  const fs::path folder = FreshFolder("forms");
  const std::string log = Write(folder / "test.log",
                                std::string("[ RUN      ] SomeTest\nFalsifiable after 12 tests\n  ") +
                                    "# breakproof case v1\n  t0  a = malloc 4081\n  t0  free a\n  t0  b = calloc 511 8\n\nrule H5 broken\n");
  EXPECT_TRUE(Has(Breakproof({"replay", log, "--library", kDirty}).out, "verdict: H5 was broken by operation 3"));
  // Every byte string is some case, a text one too if a fuzzer left it behind.
  const std::string crash = Write(folder / "crash-da39a3ee", "some bytes, of which a fuzz target made a case or other");
  EXPECT_NE(Breakproof({"replay", crash}).exit_code, 11);
  EXPECT_NE(Breakproof({"replay", crash, "--production"}).exit_code, 11);
  EXPECT_EQ(Breakproof({"replay", Write(folder / "words.txt", "some words\n")}).exit_code, 11);
}

TEST(ExplainTest, NothingToExplain) {
  const fs::path folder = FreshFolder("nothing");
  const std::string file = Write(folder / "some.case", kCase);
  EXPECT_EQ(Breakproof({"minimize", file, "--library", kTwin, "--out", folder / "small.case"}).exit_code, 0);
  EXPECT_EQ(Breakproof({"emit", file, "--library", kTwin, "--out", folder / "shows.c"}).exit_code, 0);
  EXPECT_FALSE(fs::exists(folder / "small.case") || fs::exists(folder / "shows.c"));
  EXPECT_EQ(Breakproof({"replay", file, "--library", kTwin, "--production"}).exit_code, 11);
}

}  // namespace
}  // namespace breakproof::tests
