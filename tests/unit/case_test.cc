// Cases as text.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "harness/case/case_binary.h"
#include "harness/case/case_text.h"
#include "harness/search/generate/generator.h"

namespace breakproof::harness {
namespace {

TEST(CaseTextTest, WhatIsPrintedParsesBack) {
  EXPECT_TRUE(rc::check("any case, by way of bytes", [](const std::vector<std::uint8_t>& bytes) {
    // Slots numbered as they appear, as the parser does.
    const Case c = WithFreshNames(DecodeCase(bytes.data(), bytes.size()));
    Case parsed;
    ParseError error;
    RC_ASSERT(ParseCase(PrintCase(c), &parsed, &error));
    RC_ASSERT(parsed == c);
  }));
}

TEST(CaseTextTest, GeneratedCasesParseBack) {
  for (std::uint64_t n = 0; n < 40; ++n) {
    const Case c = WithFreshNames(GenerateCase(3, n, kAllEntries));
    Case parsed;
    ParseError error;
    ASSERT_TRUE(ParseCase(PrintCase(c), &parsed, &error)) << error.line << ": " << error.message;
    EXPECT_EQ(PrintCase(parsed), PrintCase(c));
    EXPECT_EQ(parsed, c);
  }
}

TEST(CaseTextTest, NumbersReadAsTheyAreMeant) {
  const struct {
    const char* written;
    std::uint64_t value;
    const char* printed;
  } kRows[] = {
      {"24", 24, "24"},
      {"0x18", 24, "24"},
      {"4K", 4096, "4096"},
      {"32M", 32u << 20, "33554432"},
      {"SIZE_MAX", SIZE_MAX, "SIZE_MAX"},
      {"SIZE_MAX-15", SIZE_MAX - 15, "SIZE_MAX-15"},
      {"PTRDIFF_MAX", PTRDIFF_MAX, "PTRDIFF_MAX"},
      {"PTRDIFF_MAX+1", 1ull << 63, "PTRDIFF_MAX+1"},
      {"PTRDIFF_MAX-8", PTRDIFF_MAX - 8ull, "PTRDIFF_MAX-8"},
      {"18446744073709551615", SIZE_MAX, "SIZE_MAX"},
  };
  for (const auto& row : kRows) {
    Case c;
    ParseError error;
    ASSERT_TRUE(ParseCase("# breakproof case v1\nt0  a = malloc " + std::string(row.written), &c, &error)) << row.written;
    EXPECT_EQ(c.operations.at(0).size, row.value) << row.written;
    EXPECT_EQ(PrintOperation(c.operations[0], c.slot_names), "t0  a = malloc " + std::string(row.printed));
  }
}

TEST(CaseTextTest, ErrorsNameLineAndCause) {
  const struct {
    const char* text;
    int line;
    const char* says;
  } kRows[] = {
      {"", 1, "first line"},
      {"# breakproof case v3\n", 1, "first line"},
      {"# breakproof case v1\nt0  a = malloc 1 untouched\n", 2, "must be '# breakproof case v2'"},
      {"# breakproof case v1\nt0  copy a b\n", 2, "must be '# breakproof case v2'"},
      {"# breakproof case v2\nt0  a = malloc 1 unwritten\n", 2, "'unwritten' too much"},
      {"# breakproof case v2\nt0  write a\n", 2, "does not say what is written"},
      {"# breakproof case v2\nt0  copy a\n", 2, "needs a slot name"},
      {"# breakproof case v1\n\nt0  a = malloc\n", 3, "needs a size"},
      {"# breakproof case v1\nt0  a = malloc 1 2\n", 2, "too much"},
      {"# breakproof case v1\nt16  a = malloc 1\n", 2, "instead of a thread"},
      {"# breakproof case v1\na = malloc 1\n", 2, "instead of a thread"},
      {"# breakproof case v1\nt0  a = mallok 1\n", 2, "'mallok' where an operation belongs"},
      {"# breakproof case v1\nt0  null = malloc 1\n", 2, "not a slot name"},
      {"# breakproof case v1\nt0  a = free b\n", 2, "assigns the result of free"},
      {"# breakproof case v1\nt0  free\n", 2, "needs a slot name"},
      {"# breakproof case v1\nt0  exit\n", 2, "ends thread t0"},
      {"# breakproof case v1\nt0  a = memalign 64\n", 2, "needs a size"},
      {"# breakproof case v1\nt0  a = malloc 99999999999999999999\n", 2, "needs a size"},
      {"# breakproof case v1\nt0  a = malloc -1\n", 2, "needs a size"},
      {"# breakproof case v1\nt0  mallopt arena_max 1\n", 2, "where a parameter of mallopt belongs"},
      {"# breakproof case v1\nt0  mallopt top_pad\n", 2, "needs a value"},
      {"# breakproof case v1\nt0  mallopt top_pad 2G\n", 2, "no int"},
      {"# breakproof case v1\nt0  sbrk\n", 2, "needs a distance"},
      {"# breakproof case v1\nt0  a = mallopt top_pad 0\n", 2, "'mallopt' where an operation belongs"},
      {"# breakproof case v1\nt0  a = free_sized b\n", 2, "assigns the result of free_sized"},
      {"# breakproof case v1\nt0  touch a 0\n", 2, "needs a length"},
      {"# breakproof case v1\nt0  refuse fork 1\n", 2, "where a type of kernel call belongs"},
      {"# breakproof case v1\nt0  clock -1\n", 2, "needs a number of milliseconds"},
      {"# breakproof case v1\nkernel refuse=mmap@0\n", 2, "'refuse=mmap@0' where"},
      {"# breakproof case v1\nkernel refuse=mmap\n", 2, "'refuse=mmap' where"},
      {"# breakproof case v1\nkernel room=-1\n", 2, "'room=-1' where"},
      {"# breakproof case v1\nkernel colour=blue\n", 2, "'colour=blue' where"},
      {"# breakproof case v1\nt0  check\nkernel gap=1\n", 3, "before the first operation"},
  };
  for (const auto& row : kRows) {
    Case c;
    ParseError error;
    EXPECT_FALSE(ParseCase(row.text, &c, &error)) << row.text;
    EXPECT_EQ(error.line, row.line) << row.text;
    EXPECT_NE(error.message.find(row.says), std::string::npos) << error.message;
  }
}

TEST(CaseTextTest, EveryParameterOfMalloptParsesBack) {
  for (int option = 0; option < model::kOptionCount; ++option) {
    const std::string name = model::NameOf(static_cast<model::Option>(option));
    const std::string text = "# breakproof case v1\nt0  mallopt " + name + " 65536\nt0  mallopt = malloc 8\n";
    Case c;
    ParseError error;
    ASSERT_TRUE(ParseCase(text, &c, &error)) << error.message;
    EXPECT_EQ(c.operations.at(0).kind, OperationKind::kMallopt);
    EXPECT_EQ(static_cast<int>(c.operations[0].option), option);
    EXPECT_EQ(c.operations[0].size, 65536u);
    EXPECT_EQ(PrintCase(c), text);
  }
}

TEST(CaseTextTest, TheBreakMovesBothWays) {
  const std::string text = "# breakproof case v1\nt0  sbrk 4096\nt0  sbrk -8\nt0  sbrk 0\n";
  Case c;
  ParseError error;
  ASSERT_TRUE(ParseCase(text, &c, &error)) << error.message;
  EXPECT_EQ(c.operations.at(1).kind, OperationKind::kSbrk);
  EXPECT_EQ(c.operations[1].size, -std::uint64_t{8});
  EXPECT_EQ(PrintCase(c), text);
}

TEST(CaseTextTest, EveryOperationAndTheKernelsLineParseBack) {
  const std::string text =
      "# breakproof case v1\n# a note\nkernel  refuse=mmap@2 refuse=any@5+ gap=4096 room=0\n"
      "t1  start\nt0  a = malloc 24\nt0  touch a 3 8\nt0  malloc_trim 0\nt0  clock 1000\nt0  refuse any SIZE_MAX\n"
      "t0  refuse mremap 0\nt0  block 65536\nt0  fork\nt0  free_sized a\nt0  free_aligned_sized null\n"
      "t0  a = new 1\nt0  b = new_array_aligned_nothrow 64 100\nt0  delete a\nt0  delete_sized b\nt1  exit\n";
  Case c;
  ParseError error;
  ASSERT_TRUE(ParseCase(text, &c, &error)) << error.line << ": " << error.message;
  EXPECT_EQ(PrintCase(c), text);
  const Environment expected = {
      .refusals = {{.type = CallType::kMmap, .call = 2}, {.type = CallType::kBreak, .call = 5, .onwards = true, .any_type = true}},
      .gap_before_growth = 4096,
      .break_room = 0};
  EXPECT_EQ(c.environment, expected);
}

TEST(CaseTextTest, WhatIsWrittenIntoBlocksParsesBack) {
  const std::string text =
      "# breakproof case v2\nt0  a = malloc 24 untouched\nt0  b = calloc 3 8 zero\nt1  a = realloc a 100 first_word_left\n"
      "t0  c = memalign 64 100 hostile\nt0  write a pattern\nt0  write b last_byte\nt0  copy a c\nt0  copy null b\n"
      "t0  d = new 5 first_half\nt0  e = malloc 8\n";
  Case c;
  ParseError error;
  ASSERT_TRUE(ParseCase(text, &c, &error)) << error.line << ": " << error.message;
  EXPECT_EQ(PrintCase(c), text);
  EXPECT_EQ(c.operations[0].content, Content::kUntouched);
  EXPECT_EQ(c.operations[6].argument, c.operations[2].result);
  EXPECT_EQ(c.operations[6].result, c.operations[3].result);
  EXPECT_EQ(c.operations.back().content, Content::kPattern);
}

TEST(CaseTextTest, ARuntimeParsesBack) {
  const std::string text = "# breakproof case v2\nkernel  room=0 runtime=cxx\nt0  a = new 1\n";
  Case c;
  ParseError error;
  ASSERT_TRUE(ParseCase(text, &c, &error)) << error.message;
  EXPECT_EQ(PrintCase(c), text);
  EXPECT_TRUE(c.environment.has_cxx_runtime);
  EXPECT_FALSE(ParseCase("# breakproof case v1\nkernel runtime=cxx\n", &c, &error));
}

TEST(CaseTest, DefaultNames) {
  EXPECT_EQ(DefaultSlotName(0), "a");
  EXPECT_EQ(DefaultSlotName(25), "z");
  EXPECT_EQ(DefaultSlotName(26), "aa");
  EXPECT_EQ(DefaultSlotName(701), "zz");
  EXPECT_EQ(DefaultSlotName(702), "aaa");
}

}  // namespace
}  // namespace breakproof::harness
