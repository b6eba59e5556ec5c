#include "fuzz/memory_budget.h"

#include <gtest/gtest.h>

#include <string>

#include "harness/case/case_text.h"

namespace breakproof::tests {
namespace {

std::string Within(const std::string& operations) {
  harness::Case c;
  harness::ParseError error;
  EXPECT_TRUE(harness::ParseCase("# breakproof case v1\n" + operations, &c, &error)) << error.message;
  const std::string text = harness::PrintCase(fuzz::WithinMemory(c));
  return text.substr(text.find('\n') + 1);
}

TEST(MemoryBudget, OrdinaryCasesStayAsTheyAre) {
  const std::string operations = "t0  a = malloc 100\nt0  a = realloc a 200\nt0  free a\n";
  EXPECT_EQ(Within(operations), operations);
}

TEST(MemoryBudget, RequestsBeyondIt) {
  EXPECT_EQ(Within("t0  a = calloc 65 33554432\nt0  b = malloc 100\n"), "t0  b = malloc 100\n");
  EXPECT_EQ(Within("t0  a = malloc 1073741824\nt0  free a\nt0  b = malloc 1\n"),
            "t0  a = malloc 1073741824\nt0  free a\n");
}

TEST(MemoryBudget, WhatMustFailIsNotCounted) {
  const std::string operations =
      "t0  a = malloc 140737488355328\nt0  b = calloc SIZE_MAX 3\nt0  c = malloc 1073741824\n";
  EXPECT_EQ(Within(operations), operations);
}

}  // namespace
}  // namespace breakproof::tests
