// What operations do beside calls: touch, fork, sized frees, and what they see when a subject is wrong.
#include "harness/execute/executor.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "harness/case/case_text.h"
#include "harness/subject/in_process.h"

namespace breakproof::harness {
namespace {

Case Parse(const std::string& operations) {
  Case c;
  ParseError error;
  EXPECT_TRUE(ParseCase("# breakproof case v2\n" + operations, &c, &error)) << error.message;
  return c;
}

std::string Verdict(const Case& c, const MallocFamily& family) {
  std::string text;
  for (const CaseViolation& violation : RunInProcess(c, family).violations) {
    text += (text.empty() ? "" : " ") + std::string(model::TextOf(violation.what.rule).id) + "@" +
            std::to_string(violation.operation + 1);
  }
  return text;
}

// ---- touch

constexpr std::size_t kPage = 4096;

// Blocks are disjoint addresses of one page: what is written to one shows in all.
void* MapSamePageAgain(std::size_t) {
  static const int file = memfd_create("page", 0);
  if (ftruncate(file, kPage) != 0) std::abort();
  return mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
}

void Nothing(void*) {}

TEST(ExecutorTest, TouchLeavesABlockAsItWas) {
  EXPECT_EQ(Verdict(Parse("t0  a = malloc 100\nt0  touch a 3 50\nt0  touch a 90 1000\nt0  touch a SIZE_MAX SIZE_MAX\n"
                          "t0  touch null 0 1\nt0  b = malloc 300000\nt0  touch b 7 299999\nt0  check\nt0  free a\n"),
                    LibcFamily()),
            "");
}

TEST(ExecutorTest, TouchOfAPageThatTwoBlocksShareIsSeenInTheOther) {
  MallocFamily family = LibcFamily();
  family.malloc = MapSamePageAgain;
  family.free = Nothing;
  family.malloc_usable_size = nullptr;
  // The second block's pattern is over the first one's: its own bytes are gone when they are looked at.
  EXPECT_EQ(Verdict(Parse("t0  a = malloc 64\nt0  b = malloc 64\nt0  touch a 0 64\n"), family), "H4@3");
}

// A block whose memory does not keep what is written to it.
TEST(ExecutorTest, WhatIsNotReadBackIsReported) {
  const Case c = Parse("t0  a = malloc 64\nt0  touch a 0 64\n");
  std::vector<Outcome> outcomes(2);
  outcomes[0].address = outcomes[1].argument = 0x1000;
  outcomes[0].errno_after = kErrnoSentinel;
  outcomes[0].usable = 64;
  outcomes[0].stage = outcomes[1].stage = Stage::kDone;
  outcomes[1].finding = Finding::kNotWritten;
  const RunResult finished{.end = RunEnd::kFinished, .output = {}};
  const Judgement judgement = Judge(c, outcomes, finished, {});
  ASSERT_EQ(judgement.violations.size(), 1u);
  EXPECT_EQ(judgement.violations[0].what.rule, model::RuleId::kH1);
}

// ---- what is written into blocks

// A heap of a few blocks, each a page of its own, in which tests put what they like.
struct Pages {
  static constexpr int kPages = 16;
  alignas(kPage) inline static unsigned char memory[kPages][kPage];
  inline static int next = 0;
  inline static void (*on_free)(unsigned char* block) = nullptr;

  static void* Malloc(std::size_t) { return memory[next++ % kPages]; }
  static void* Realloc(void* block, std::size_t) { return block != nullptr ? block : Malloc(0); }
  static void Free(void* block) {
    if (on_free != nullptr && block != nullptr) on_free(static_cast<unsigned char*>(block));
  }

  // With what an allocator could have left there.
  static MallocFamily Fresh(void (*when_freed)(unsigned char*) = nullptr) {
    for (int page = 0; page < kPages; ++page) {
      for (std::size_t i = 0; i < kPage; ++i) memory[page][i] = static_cast<unsigned char>(page * 31 + i % 251 + 1);
    }
    next = 0;
    on_free = when_freed;
    MallocFamily family = LibcFamily();
    family.malloc = Malloc;
    family.realloc = Realloc;
    family.free = Free;
    family.malloc_usable_size = nullptr;
    return family;
  }
};

// Which bytes of the first block are written, as far as it was asked for.
std::string Written(const std::string& content, std::size_t size) {
  const MallocFamily family = Pages::Fresh();
  const std::string before(reinterpret_cast<const char*>(Pages::memory[0]), size);
  EXPECT_EQ(Verdict(Parse("t0  a = malloc " + std::to_string(size) + " " + content + "\nt0  check\n"), family), "");
  std::string written;
  for (std::size_t i = 0; i < size; ++i) written += static_cast<char>(Pages::memory[0][i]) == before[i] ? '.' : 'w';
  return written;
}

TEST(ExecutorTest, ContentsAreWhatTheirNamesSay) {
  EXPECT_EQ(Written("untouched", 20), "....................");
  EXPECT_EQ(Written("first_word_left", 20), "........wwwwwwwwwwww");
  EXPECT_EQ(Written("last_byte", 20), "...................w");
  EXPECT_EQ(Written("first_half", 20), "wwwwwwwwww..........");
  EXPECT_EQ(Written("zero", 20), "wwwwwwwwwwwwwwwwwwww");
  EXPECT_EQ(Written("untouched", 0), "");
  EXPECT_EQ(Written("last_byte", 1), "w");
}

TEST(ExecutorTest, AnUntouchedBlockMustStayAsItWasHandedOut) {
  const MallocFamily family = Pages::Fresh([](unsigned char*) { Pages::memory[0][100] ^= 1; });
  const Case c = Parse("t0  a = malloc 200 untouched\nt0  b = malloc 8\nt0  free b\nt0  check\n");
  EXPECT_EQ(Verdict(c, family), "H4@4");
  const Judgement judgement = RunInProcess(c, Pages::Fresh([](unsigned char*) { Pages::memory[0][100] ^= 1; }));
  EXPECT_EQ(judgement.violations[0].what.expected, "byte 100 of the block of 'malloc(200)' (operation 1) is 0x65");
  EXPECT_EQ(judgement.violations[0].what.actual, "0x64");
}

TEST(ExecutorTest, WhatReallocKeepsIsWhatTheBlockHeld) {
  MallocFamily family = Pages::Fresh();
  const Case c = Parse("t0  a = malloc 64 untouched\nt0  a = realloc a 100 untouched\nt0  a = realloc a 50\n");
  EXPECT_EQ(Verdict(c, family), "");
  family = Pages::Fresh();
  family.realloc = [](void* block, std::size_t) -> void* {
    static_cast<unsigned char*>(block)[63] ^= 1;
    return block;
  };
  EXPECT_EQ(Verdict(c, family), "H4@2");
}

TEST(ExecutorTest, CopiesArriveAndWritesAreRemembered) {
  const MallocFamily family = Pages::Fresh();
  EXPECT_EQ(Verdict(Parse("t0  a = malloc 100 untouched\nt0  b = malloc 40\nt0  copy a b\nt0  check\nt0  write a zero\n"
                          "t0  touch a 10 20\nt0  touch b 0 40\nt0  check\nt0  copy null b\nt0  copy a null\nt0  copy a a\n"
                          "t0  write null zero\nt0  free a\nt0  check\n"),
                    family),
            "");
  EXPECT_EQ(Verdict(Parse("t0  a = malloc 100 untouched\nt0  b = malloc 40\nt0  copy a b\n"), Pages::Fresh()), "");
  EXPECT_EQ(0, memcmp(Pages::memory[0], Pages::memory[1], 40));
}

// A mark that is the address in a disguise, as allocators leave it in freed blocks.
TEST(ExecutorTest, HostileWordsAreTheAllocatorsOwnMovedElsewhere) {
  constexpr std::uint64_t kSecret = 0x1234567890abcdef;
  const MallocFamily family = Pages::Fresh();
  const auto mark_of = [](int page) { return reinterpret_cast<std::uintptr_t>(Pages::memory[page]) ^ kSecret; };
  const std::uint64_t mark = mark_of(0);
  memcpy(Pages::memory[0], &mark, sizeof mark);
  RunInProcess(Parse("t0  a = malloc 64 untouched\nt0  b = malloc 64 hostile\n"), family);
  std::uint64_t word;
  memcpy(&word, Pages::memory[1], sizeof word);
  EXPECT_EQ(word, mark_of(1));
}

// ---- fork

bool is_child = false;
enum class InChild { kFine, kOneBlockForAll, kCrash, kExit };
InChild in_child;
MallocFamily real;

int Fork() {
  const pid_t child = fork();
  is_child = child == 0;
  return child;
}

void* MallocAfterFork(std::size_t size) {
  static void* const block = real.malloc(1 << 20);
  if (!is_child) return real.malloc(size);
  switch (in_child) {
    case InChild::kOneBlockForAll: return block;
    case InChild::kCrash: *static_cast<volatile int*>(nullptr) = 1; return nullptr;
    case InChild::kExit: _exit(7);
    default: return real.malloc(size);
  }
}

void FreeAfterFork(void* block) {
  if (!is_child || in_child == InChild::kFine) real.free(block);
}

TEST(ExecutorTest, AForksChildMustWork) {
  real = LibcFamily();
  MallocFamily family = real;
  family.malloc = MallocAfterFork;
  family.free = FreeAfterFork;
  family.fork = Fork;
  const Case c = Parse("t0  a = malloc 100\nt1  b = malloc 100\nt0  fork\nt1  free b\nt1  fork\nt0  free a\n");
  in_child = InChild::kFine;
  EXPECT_EQ(Verdict(c, family), "");
  for (const InChild broken : {InChild::kOneBlockForAll, InChild::kCrash, InChild::kExit}) {
    in_child = broken;
    EXPECT_EQ(Verdict(c, family), "T1@3") << static_cast<int>(broken);
  }
}

TEST(ExecutorTest, AForkThatHangsIsThatRule) {
  const Case c = Parse("t0  a = malloc 64\nt0  fork\n");
  std::vector<Outcome> outcomes(2);
  outcomes[0].address = 0x1000;
  outcomes[0].errno_after = kErrnoSentinel;
  outcomes[0].usable = 64;
  outcomes[0].stage = Stage::kDone;
  outcomes[1].stage = Stage::kCalling;
  const RunResult hung{.end = RunEnd::kHung, .output = {}};
  const Judgement judgement = Judge(c, outcomes, hung, {});
  ASSERT_EQ(judgement.violations.size(), 1u);
  EXPECT_EQ(judgement.violations[0].what.rule, model::RuleId::kT1);
}

// ---- frees that tell sizes

struct SizedFree {
  void* block;
  std::size_t alignment, size;
};
std::vector<SizedFree> sized_frees;

TEST(ExecutorTest, SizedFreesTellWhatWasAskedForAndOnlyWhereC23AllowsIt) {
  real = LibcFamily();
  MallocFamily family = real;
  family.free_sized = [](void* block, std::size_t size) {
    sized_frees.push_back({block, 0, size});
    real.free(block);
  };
  family.free_aligned_sized = [](void* block, std::size_t alignment, std::size_t size) {
    sized_frees.push_back({block, alignment, size});
    real.free(block);
  };
  sized_frees.clear();
  EXPECT_EQ(Verdict(Parse("t0  a = malloc 100\nt0  free_sized a\nt0  a = calloc 3 7\nt0  free_sized a\n"
                          "t0  a = aligned_alloc 64 128\nt0  free_sized a\nt0  a = aligned_alloc 64 128\n"
                          "t0  free_aligned_sized a\nt0  a = memalign 64 128\nt0  free_aligned_sized a\n"
                          "t0  a = aligned_alloc 64 128\nt0  a = realloc a 300\nt0  free_sized a\nt0  free_sized null\n"),
                    family),
            "");
  ASSERT_EQ(sized_frees.size(), 5u);
  EXPECT_EQ(sized_frees[0].size, 100u);
  EXPECT_EQ(sized_frees[1].size, 21u);
  EXPECT_EQ(sized_frees[2].alignment, 64u);
  EXPECT_EQ(sized_frees[2].size, 128u);
  EXPECT_EQ(sized_frees[3].size, 300u) << "realloc's result is malloc's again";
  EXPECT_EQ(sized_frees[4].block, nullptr);
}

TEST(ExecutorTest, ASubjectWithoutThemIsGivenFree) {
  EXPECT_EQ(Verdict(Parse("t0  a = malloc 100\nt0  free_sized a\nt0  a = aligned_alloc 64 64\nt0  free_aligned_sized a\n"),
                    LibcFamily()),
            "");
}

// ---- C++'s operators

// Which of them was called with what, in order.
std::vector<std::string> called;
void* Served(const std::string& what, std::size_t size, std::size_t alignment = 16) {
  called.push_back(what);
  return real.memalign(alignment, size);
}
void Ended(const std::string& what, void* block) {
  called.push_back(what);
  real.free(block);
}

// Those without a form of their own for arrays leave them to the other.
CppOperators Recording() {
  using Tag = const void*;
  CppOperators own;
  own.allocate[0] = [](std::size_t size) { return Served("new", size); };
  own.allocate[1] = [](std::size_t size) { return Served("new[]", size); };
  own.allocate_nothrow[0] = [](std::size_t size, Tag) { return Served("new nothrow", size); };
  own.allocate_aligned[0] = [](std::size_t size, std::size_t alignment) {
    return Served("new " + std::to_string(alignment), size, alignment);
  };
  own.allocate_aligned_nothrow[1] = [](std::size_t size, std::size_t alignment, Tag) {
    return Served("new[] nothrow " + std::to_string(alignment), size, alignment);
  };
  own.release[0] = [](void* block) { Ended("delete", block); };
  own.release[1] = [](void* block) { Ended("delete[]", block); };
  own.release_sized[0] = [](void* block, std::size_t size) { Ended("delete sized " + std::to_string(size), block); };
  own.release_nothrow[1] = [](void* block, Tag) { Ended("delete[] nothrow", block); };
  own.release_aligned[0] = [](void* block, std::size_t alignment) { Ended("delete " + std::to_string(alignment), block); };
  own.release_aligned_sized[1] = [](void* block, std::size_t size, std::size_t alignment) {
    Ended("delete[] sized " + std::to_string(size) + " " + std::to_string(alignment), block);
  };
  return own;
}

TEST(ExecutorTest, EachOperatorDeleteIsToldWhatItsOperatorNewWas) {
  real = LibcFamily();
  MallocFamily family = real;
  family.operators = Recording();
  const struct {
    const char* operations;
    std::vector<std::string> called;
  } kRows[] = {
      {"t0  a = new 24\nt0  delete a\n", {"new", "delete"}},
      {"t0  a = new 24\nt0  delete_sized a\n", {"new", "delete sized 24"}},
      {"t0  a = new_array 24\nt0  delete a\n", {"new[]", "delete[]"}},
      {"t0  a = new_array 24\nt0  delete_nothrow a\n", {"new[]", "delete[] nothrow"}},
      {"t0  a = new_nothrow 0\nt0  free a\n", {"new nothrow", "delete"}},
      {"t0  a = new_array_nothrow 7\nt0  free_sized a\n", {"new nothrow", "delete[]"}},
      {"t0  a = new_aligned 64 24\nt0  delete_sized a\n", {"new 64", "delete 64"}},
      {"t0  a = new_array_aligned 3 24\nt0  delete a\n", {"new 4", "delete 4"}},
      {"t0  a = new_array_aligned_nothrow 32 24\nt0  delete_sized a\n", {"new[] nothrow 32", "delete[] sized 24 32"}},
      // What malloc made is free's, what operator new made is nothing to realloc.
      {"t0  a = malloc 24\nt0  delete a\n", {}},
      {"t0  a = new 24\nt0  b = realloc a 48\nt0  delete a\nt0  free b\n", {"new", "delete"}},
      {"t0  delete null\nt0  free null\n", {"delete"}},
      {"t0  a = new 24\nt0  b = new_aligned 64 24\n", {"new", "new 64", "delete 64", "delete"}},  // by the harness, at the end
  };
  for (const auto& row : kRows) {
    called.clear();
    EXPECT_EQ(Verdict(Parse(row.operations), family), "") << row.operations;
    EXPECT_EQ(called, row.called) << row.operations;
  }
}

TEST(ExecutorTest, ASubjectWithoutOperatorsIsGivenWhatTheCppLibraryWouldCall) {
  EXPECT_EQ(Verdict(Parse("t0  a = new 0\nt0  b = new_array_aligned_nothrow 64 100\nt0  c = new_nothrow SIZE_MAX\nt0  c = new SIZE_MAX\n"
                          "t0  c = new_aligned 4096 18446744073709551000\nt0  delete a\nt0  delete_sized b\n"),
                    LibcFamily()),
            "");
  // Half a pair is none: blocks of the one would go to the heap of the other.
  real = LibcFamily();
  MallocFamily family = real;
  family.operators.allocate[0] = [](std::size_t size) { return Served("new", size); };
  called.clear();
  EXPECT_EQ(Verdict(Parse("t0  a = new 24\nt0  delete a\n"), family), "");
  EXPECT_TRUE(called.empty());
}

}  // namespace
}  // namespace breakproof::harness
