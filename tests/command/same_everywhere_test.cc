// A case says the same wherever it is replayed: with address randomisation, without, and each time anew.
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/support/run_command.h"

namespace breakproof::tests {
namespace {

namespace fs = std::filesystem;

const std::string kBreakproof = std::getenv("BREAKPROOF");
// jemalloc is not among them: it moves large blocks by an offset that it draws at random.
const std::string kLibraries[] = {
    fs::absolute(std::getenv("OVERLAPPING_LIBRARY")),
    fs::absolute(std::getenv("DIRTY_LIBRARY")),
    "/usr/lib/x86_64-linux-gnu/libmimalloc.so.2",
    "",  // the system's malloc
};

constexpr const char* kCase =
    "# breakproof case v1\n"
    "t0  a = malloc 257\n"
    "t1  b = malloc 257\n"
    "t0  c = malloc 257\n"
    "t0  d = malloc 300000\n"
    "t1  e = memalign 4096 100000\n"
    "t1  free a\n"
    "t0  d = realloc d 9000000\n"
    "t0  f = calloc 17 12\n"
    "t1  exit\n"
    "t0  g = realloc f SIZE_MAX\n"
    "t0  free c\n"
    "t0  h = calloc 1 257\n";

// As in containers that forbid it: nobody can turn randomisation off any more.
void ForbidPersonality() {
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_personality, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[0])),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0xffffffff, 1, 0),  // a question, not a change
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program = {sizeof code / sizeof *code, code};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) _exit(99);
}

bool IsRandomised() {
  int level = 0;
  std::ifstream("/proc/sys/kernel/randomize_va_space") >> level;
  return level != 0;
}

TEST(SameEverywhereTest, RandomisationIsReallyOn) {
  if (!IsRandomised()) return;  // this kernel gives the same addresses to everybody
  const auto map = [] { return RunCommand({"/bin/cat", "/proc/self/maps"}, ForbidPersonality).out; };
  EXPECT_NE(map(), map());
}

TEST(SameEverywhereTest, Replay) {
  const std::string file = FreshFolder("same") + "/some.case";
  std::ofstream(file) << kCase;
  for (const std::string& library : kLibraries) {
    std::vector<std::string> command = {kBreakproof, "replay", file};
    if (!library.empty()) command.insert(command.end(), {"--library", library});
    std::vector<std::string> without = {"/usr/bin/setarch", "-R"};
    without.insert(without.end(), command.begin(), command.end());
    const CommandResult expected = RunCommand(without);
    EXPECT_NE(expected.out.find("memory after operation"), std::string::npos) << expected.err;
    for (int run = 0; run < 3; ++run) {
      const CommandResult randomised = RunCommand(command, ForbidPersonality);
      EXPECT_EQ(randomised.exit_code, expected.exit_code) << library;
      EXPECT_EQ(randomised.out, expected.out) << library;
    }
  }
}

// tcmalloc takes from the break before the first operation, in steps of 8 KiB: what it does there is drawn at random.
TEST(SameEverywhereTest, WhatIsDrawnAtRandomIsLabelledSo) {
  if (!IsRandomised()) return;
  const std::string file = FreshFolder("random") + "/some.case";
  std::ofstream(file) << kCase;
  const std::vector<std::string> command = {kBreakproof, "replay", file, "--library",
                                            "/usr/lib/x86_64-linux-gnu/libtcmalloc_minimal.so.4"};
  const std::string label = "note: the library took part of the break before the first operation";
  EXPECT_NE(RunCommand(command, ForbidPersonality).out.find(label), std::string::npos);
  EXPECT_EQ(RunCommand(command).out.find(label), std::string::npos) << "nothing is drawn at random here";
}

TEST(SameEverywhereTest, ReplayOnTheSimulatedKernel) {
  const std::string file = FreshFolder("same_simulated") + "/some.case";
  std::ofstream(file) << kCase;
  const std::vector<std::string> command = {kBreakproof, "replay", file, "--production"};
  const CommandResult expected = RunCommand({"/usr/bin/setarch", "-R", kBreakproof, "replay", file, "--production"});
  EXPECT_NE(expected.out.find("-- span"), std::string::npos) << expected.out;
  for (int run = 0; run < 3; ++run) EXPECT_EQ(RunCommand(command, ForbidPersonality).out, expected.out);
}

}  // namespace
}  // namespace breakproof::tests
