// Programs for rules that results of calls do not show by themselves: the allocator's books and invariants, what it
// holds of the kernel, who provides its functions. Each fails with the slip and passes without it.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "harness/case/case_text.h"
#include "harness/explain/emit/c_program.h"
#include "tests/support/run_command.h"

namespace breakproof::tests {
namespace {

namespace fs = std::filesystem;

const fs::path kTrial = fs::absolute(std::getenv("TRIAL_FOLDER"));
const fs::path kZoo = fs::absolute(std::getenv("ZOO_FOLDER"));
const std::string kSound = fs::absolute(std::getenv("SOUND_LIBRARY"));
const std::string kTwin = fs::absolute(std::getenv("TWIN_LIBRARY"));
const std::string kBreakproof = fs::absolute(std::getenv("BREAKPROOF"));

std::string LibraryOf(const std::string& mutant) { return kTrial / ("lib" + mutant + ".so"); }

bool Has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::string Write(const fs::path& file, const std::string& text) {
  std::ofstream(file) << text;
  return file;
}

fs::path Compiled(const fs::path& program) {
  const fs::path shows = fs::path(program).replace_extension("");
  for (const std::string compiler : {"/usr/bin/clang-19", "/usr/bin/cc"}) {
    const CommandResult compiled = RunCommand({compiler, "-O1", "-Wall", "-Werror", "-fno-builtin", "-pthread", "-rdynamic",
                                               program, "-o", shows});
    EXPECT_EQ(compiled.exit_code, 0) << compiler << "\n" << compiled.err;
  }
  return shows;
}

CommandResult RunOn(const std::string& library, const fs::path& program) {
  return RunCommand({"/usr/bin/env", "LD_PRELOAD=" + library, program});
}

void ExpectHolds(const std::string& library, const fs::path& program) {
  const CommandResult held = RunOn(library, program);
  EXPECT_EQ(held.exit_code, 0) << held.out << held.err;
  EXPECT_EQ(held.out, "every check held\n");
}

void ExpectBreaks(const std::string& library, const fs::path& program, const std::string& rule) {
  const CommandResult broken = RunOn(library, program);
  EXPECT_EQ(broken.exit_code, 1) << broken.out << broken.err;
  EXPECT_TRUE(Has(broken.out, "breaks " + rule) || Has(broken.out, "which follows from " + rule)) << broken.out;
}

struct Slip {
  const char* mutant;
  const char* rules;  // as replay names them
  const char* operations;
  bool shows = true;  // anything follows from it that a program sees
};
void PrintTo(const Slip& slip, std::ostream* out) { *out << slip.mutant; }

class InsideTest : public testing::TestWithParam<Slip> {};

TEST_P(InsideTest, WhatFollowsIsShown) {
  const Slip& slip = GetParam();
  const fs::path folder = FreshFolder(slip.mutant);
  const std::string found = Write(folder / "found.case", std::string("# breakproof case v1\n") + slip.operations);
  const fs::path program = folder / "shows.c";
  const CommandResult emitted = RunCommand(
      {kTrial / (std::string("breakproof_") + slip.mutant), "emit", found, "--production", "--out", program});
  ASSERT_EQ(emitted.exit_code, 10) << emitted.err;
  std::ifstream stream(program);
  const std::string text(std::istreambuf_iterator<char>(stream), {});
  std::string rule;
  for (const std::string each : {"H10", "H11", "H12", "H13"}) {
    if (Has(slip.rules, each) && Has(text, "/* " + each + ":")) rule = each;
  }
  ASSERT_NE(rule, "") << "another rule than " << slip.rules;
  EXPECT_EQ(Has(emitted.out, "is about the inside of the allocator"), rule == "H10" || rule == "H11") << emitted.out;
  const fs::path shows = Compiled(program);
  ExpectHolds(kSound, shows);
  if (slip.shows) {
    ExpectBreaks(LibraryOf(slip.mutant), shows, rule);
  } else {
    ExpectHolds(LibraryOf(slip.mutant), shows);
  }
}

constexpr Slip kSlips[] = {
    {"decay_in_seconds", "H12",
     "t0  a = malloc 131072\nt0  free a\nt0  a = malloc 0\nt0  sbrk 1\nt0  b = malloc 131073\n"},
    {"entry_lost_after_refused_remap", "H10 H11", "t0  a = malloc 131072\nt0  a = realloc a 17175479296\n"},
    {"refused_remap_counted", "H10 H11", "t0  a = malloc 131072\nt0  a = realloc a 17175479296\n"},
    {"exhausted_slab_stays_listed", "H11", "t0  a = malloc 1024\nt0  b = malloc 1024\nt0  c = malloc 1024\n"},
    {"not_joined_with_lower", "H11", "t0  a = malloc 0\nt0  b = malloc 17\n"},
    // The lowest free block goes first, so the one too many is never handed out; and no legal call names a block that
    // has moved away.
    {"carves_one_too_many", "H11", "t0  a = malloc 17\n", false},
    {"entry_left_after_remap", "H10 H11", "t0  a = malloc 131072\nt0  a = realloc a 131073\n", false},
};

INSTANTIATE_TEST_SUITE_P(Slips, InsideTest, testing::ValuesIn(kSlips),
                         [](const testing::TestParamInfo<Slip>& info) { return std::string(info.param.mutant); });

// A program for a case that breaks the rule by its last operation.
fs::path Program(const std::string& name, const std::string& operations, model::RuleId rule, const std::string& expected) {
  harness::Case c;
  harness::ParseError error;
  EXPECT_TRUE(harness::ParseCase("# breakproof case v1\n" + operations, &c, &error)) << error.message;
  const harness::CaseViolation violation{c.operations.size() - 1, {rule, expected, "something else"}};
  const harness::CProgramSettings settings{.name = "shows", .library = "", .subject = "a test", .kernel_calls = ""};
  return Write(fs::path(FreshFolder(name)) / "shows.c", harness::EmitCProgram(c, violation, settings));
}

TEST(EveryRuleTest, BooksThatForgetARemoteFree) {
  const fs::path shows = Compiled(Program("h10", "t1  a = malloc 500\nt1  b = malloc 500\nt0  free a\nt0  free b\n",
                                          model::RuleId::kH10, "the books name live blocks only"));
  ExpectHolds(kSound, shows);
  ExpectBreaks(LibraryOf("remote_batch_truncated"), shows, "H10");
}

TEST(EveryRuleTest, BooksThatALibraryDoesNotHave) {
  const fs::path shows = Compiled(Program("no_books", "t0  a = malloc 1\n", model::RuleId::kH10, "the books name live blocks only"));
  const CommandResult result = RunOn(kTwin, shows);
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_TRUE(Has(result.out, "no mallinfo2 of its own")) << result.out;
}

// By their mangled names; with them, and as libstdc++'s would call where there are none.
TEST(EveryRuleTest, OperatorsOfCpp) {
  const fs::path shows = Compiled(Program(
      "operators",
      "t0  a = new_array 24\nt0  b = new_aligned_nothrow 64 100\nt0  c = malloc 24\nt0  a = realloc a 100\nt0  delete c\n"
      "t0  free a\nt1  delete_nothrow b\nt0  a = new 1\nt0  free_sized a\nt0  delete null\nt0  a = new_array_aligned 4097 0\n"
      "t0  delete_sized a\n",
      model::RuleId::kH0, "delete_sized(p, its size) returns"));
  ExpectHolds(kSound, shows);
  ExpectHolds(kTwin, shows);
  ExpectHolds("", shows);
  ExpectBreaks(kZoo / "libaligned_new_unaligned.so", shows, "H2");
}

TEST(EveryRuleTest, AFootprintBeyondItsBound) {
  std::string operations, frees;
  for (char name = 'a'; name <= 'x'; ++name) {
    operations += std::string("t0  ") + name + " = malloc 32769\n";
    frees += std::string("t0  free ") + name + "\n";
  }
  operations += "t0  pin = malloc 32769\n" + frees;
  for (int i = 0; i < 8; ++i) operations += "t0  big" + std::to_string(i) + " = malloc 100000\n";
  const fs::path shows = Compiled(Program("h13", operations, model::RuleId::kH13, "at most 1400000 bytes are held of the kernel"));
  ExpectHolds(kSound, shows);
  ExpectBreaks(LibraryOf("not_joined_with_lower"), shows, "H13");
}

// As `check` finds them.
TEST(EveryRuleTest, FunctionsLeftToAnotherLibrary) {
  for (const std::string mutant : {"pvalloc_missing", "usable_size_missing"}) {
    const fs::path folder = FreshFolder(mutant);
    const std::string library = kZoo / ("lib" + mutant + ".so");
    ASSERT_EQ(RunCommand({kBreakproof, "check", "--library", library, "--operations", "10", "--out", folder}).exit_code, 10);
    std::string found;
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.path().filename().string().starts_with("I1-")) found = entry.path();
    }
    ASSERT_NE(found, "");
    const fs::path program = folder / "shows.c";
    ASSERT_EQ(RunCommand({kBreakproof, "emit", found, "--library", library, "--out", program}).exit_code, 10);
    const fs::path shows = Compiled(program);
    ExpectBreaks(library, shows, "I1");
    ExpectHolds(kTwin, shows);
  }
}

}  // namespace
}  // namespace breakproof::tests
