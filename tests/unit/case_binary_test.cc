// Cases as bytes: total, dense, and the same case by way of text and back.
#include "harness/case/case_binary.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <set>

#include "harness/case/binary_numbers.h"
#include "harness/case/case_text.h"
#include "harness/search/generate/generator.h"
#include "harness/case/operation/operation_table.h"

namespace breakproof::harness {
namespace {

using Bytes = std::vector<std::uint8_t>;

Case Decode(const Bytes& bytes) { return DecodeCase(bytes.data(), bytes.size()); }

Case Parse(const std::string& text) {
  Case c;
  ParseError error;
  if (!ParseCase(text, &c, &error)) throw std::runtime_error(text + error.message);
  return c;
}

// Any value of an operand, the ordinary and the extreme.
std::uint64_t AnyNumber(Random& random) {
  switch (random.Below(4)) {
    case 0: return random.Next();
    case 1: return random.Below(70000);
    case 2: return -random.Below(70000);
    default: return (1ull << random.Below(64)) + random.Below(3) - 1;
  }
}

Operation AnyOperation(Random& random) {
  const OperationRow& row = kOperationTable[random.Below(kOperationRows)];
  Operation operation;
  operation.kind = row.kind;
  operation.entry = row.entry;
  operation.thread = static_cast<std::uint8_t>(random.Between(row.kind == OperationKind::kThreadExit, kMaxThreads - 1));
  if (row.UsesResult() && !random.OneIn(5)) operation.result = static_cast<Slot>(random.Below(300));
  for (const Operand& operand : row.Operands()) {
    switch (operand.form) {
      case Form::kSlot:
        if (!random.OneIn(5)) operation.argument = static_cast<Slot>(random.Below(300));
        break;
      case Form::kOption: operation.option = static_cast<model::Option>(random.Below(model::kOptionCount)); break;
      case Form::kCallType: operation.call_type = static_cast<std::uint8_t>(random.Below(kCallTypes + 1)); break;
      case Form::kInt: operation.*operand.field = AnyNumber(random) & INT32_MAX; break;
      case Form::kTarget: break;
      case Form::kContent:
      case Form::kContentIfAny: operation.content = static_cast<Content>(random.Below(kContents)); break;
      default: operation.*operand.field = AnyNumber(random);
    }
  }
  return operation;
}

Case AnyCase(std::uint64_t seed) {
  Random random(seed);
  Case c;
  for (std::uint64_t i = random.Below(4); i > 0; --i) {
    const bool any_type = random.OneIn(3);
    c.environment.refusals.push_back({.type = any_type ? CallType::kBreak : static_cast<CallType>(random.Below(kCallTypes)),
                                      .call = std::max<std::uint64_t>(AnyNumber(random), 1),
                                      .onwards = random.OneIn(2),
                                      .any_type = any_type});
  }
  if (random.OneIn(2)) c.environment.gap_before_growth = AnyNumber(random) & kMaxGap;
  if (random.OneIn(2)) c.environment.break_room = AnyNumber(random);
  for (std::uint64_t i = random.Below(40); i > 0; --i) c.operations.push_back(AnyOperation(random));
  return WithFreshNames(c);
}

TEST(CaseBinaryTest, AnyBytesAreACaseThatHasBytesAndText) {
  EXPECT_TRUE(rc::check("bytes -> case -> bytes -> case; bytes -> text -> bytes -> text", [](const Bytes& bytes) {
    const Case c = Decode(bytes);
    const Bytes canonical = EncodeCase(c);
    RC_ASSERT(Decode(canonical) == c);
    const Case parsed = Parse(PrintCase(c));
    RC_ASSERT(parsed == c);
    RC_ASSERT(EncodeCase(parsed) == canonical);
  }));
}

TEST(CaseBinaryTest, AnyCaseHasBytesAndText) {
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    const Case c = AnyCase(seed);
    const Bytes bytes = EncodeCase(c);
    ASSERT_EQ(Decode(bytes), c) << PrintCase(c) << "\ncame back as\n" << PrintCase(Decode(bytes));
    ASSERT_EQ(PrintCase(Decode(EncodeCase(Parse(PrintCase(c))))), PrintCase(c));
  }
}

TEST(CaseBinaryTest, GeneratedCasesHaveBytes) {
  for (std::uint64_t n = 0; n < 30; ++n) {
    Case c = WithFreshNames(GenerateCase(5, n, kAllEntries));
    c.notes.clear();
    ASSERT_EQ(Decode(EncodeCase(c)), c);
  }
}

// One byte of random bytes changed: at most one operation differs, in at most one of its parts.
int DifferentParts(const Operation& a, const Operation& b) {
  if (a.kind != b.kind || a.entry != b.entry) return 1;  // another operation takes the same bytes in its own way
  return (a.thread != b.thread) + (a.option != b.option) + (a.result != b.result) + (a.argument != b.argument) +
         (a.call_type != b.call_type) + (a.content != b.content) + (a.size != b.size) + (a.count != b.count) + (a.alignment != b.alignment);
}

TEST(CaseBinaryTest, OneByteIsOneDecision) {
  Random random(1);
  // Operations only, with slots in the order of first use: renumbering would otherwise change them all.
  Case c;
  for (Slot slot = 0; slot < 8; ++slot) {
    Operation operation;
    operation.result = slot;
    c.operations.push_back(operation);
  }
  while (c.operations.size() < 60) {
    Operation operation = AnyOperation(random);
    if (operation.result != kNullSlot) operation.result %= 8;
    if (operation.argument != kNullSlot) operation.argument %= 8;
    c.operations.push_back(operation);
  }
  const Bytes bytes = EncodeCase(c);
  const Case before = Decode(bytes);
  int changes = 0;
  for (std::size_t i = 8 * kBytesAnOperation; i < bytes.size(); ++i) {
    Bytes changed = bytes;
    changed[i] ^= static_cast<std::uint8_t>(1u << random.Below(8));
    const Case after = Decode(changed);
    // What a record is, and which of the next one's numbers a literal stands for, decides how other bytes read.
    const bool is_literal = bytes[i - i % kBytesAnOperation] >= 256 - 3;
    if (i % kBytesAnOperation == 0 || (is_literal && i % kBytesAnOperation == 1)) continue;
    ASSERT_EQ(after.operations.size(), before.operations.size());
    int different = 0, parts = 0;
    for (std::size_t at = 0; at < before.operations.size(); ++at) {
      const int differing = DifferentParts(before.operations[at], after.operations[at]);
      different += differing != 0;
      parts += differing;
    }
    EXPECT_LE(different, 1) << i;
    EXPECT_LE(parts, 1) << i;
    changes += parts;
  }
  EXPECT_GT(changes, 100) << "a byte mostly matters";
}

TEST(CaseBinaryTest, EveryOperationHasAByte) {
  std::set<int> rows;
  for (int byte = 0; byte < 256; ++byte) {
    Bytes bytes(kBytesAnOperation, 1);
    bytes[0] = static_cast<std::uint8_t>(byte);
    const Case c = Decode(bytes);
    for (const Operation& operation : c.operations) rows.insert(RowIndexOf(operation));
  }
  EXPECT_EQ(rows.size(), static_cast<std::size_t>(kOperationRows));
}

TEST(CaseBinaryTest, CommonSizesNeedNoLiteral) {
  for (std::uint64_t size = 0; size < 200000; ++size) ASSERT_TRUE(BytesOfSize(size)) << size;
  for (const std::uint64_t far : {SIZE_MAX, PTRDIFF_MAX - 7ul, 1ul << 47, 32ul << 20}) {
    EXPECT_TRUE(BytesOfSize(far)) << far;
  }
}

}  // namespace
}  // namespace breakproof::harness
