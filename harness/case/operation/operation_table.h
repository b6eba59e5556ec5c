// Every operation as a row of data: its word, and what it takes in the order in which its line reads.
//
// Text, bytes and mutations of cases are made from this table; what an operation does is its `perform`
// (harness/execute/executor.cc, the same order).
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "harness/case/operation/operation.h"
#include "harness/case/operation/refusal.h"

namespace breakproof::harness {

// Where an operand is kept, and which values it may have.
enum class Form : std::uint8_t {
  kSlot,      // Operation::argument
  kTarget,    // Operation::result, read and not assigned
  kOption,    // Operation::option
  kCallType,  // Operation::call_type
  kNumber,    // any 64 bits
  kSigned,    // two's complement
  kInt,       // 0 to INT32_MAX
  kContent,   // Operation::content
  kContentIfAny,  // the same, last in its line: left out, it is the pattern
};

struct Operand {
  Form form;
  std::uint64_t Operation::*field;  // of the three forms of numbers
  const char* what;                 // "a size", for messages
};

namespace operand {
inline constexpr Operand kSlot = {Form::kSlot, nullptr, "a slot name"};
inline constexpr Operand kTarget = {Form::kTarget, nullptr, "a slot name"};
inline constexpr Operand kContent = {Form::kContent, nullptr, "what is written"};
inline constexpr Operand kContentIfAny = {Form::kContentIfAny, nullptr, "what is written"};
inline constexpr Operand kSize = {Form::kNumber, &Operation::size, "a size"};
inline constexpr Operand kCount = {Form::kNumber, &Operation::count, "a count"};
inline constexpr Operand kAlignment = {Form::kNumber, &Operation::alignment, "an alignment"};
inline constexpr Operand kOption = {Form::kOption, nullptr, "a parameter of mallopt"};
inline constexpr Operand kCallType = {Form::kCallType, nullptr, "a type of kernel call"};
inline constexpr Operand kValue = {Form::kInt, &Operation::size, "a value"};
inline constexpr Operand kDistance = {Form::kSigned, &Operation::size, "a distance"};
inline constexpr Operand kOffset = {Form::kNumber, &Operation::count, "an offset"};
inline constexpr Operand kLength = {Form::kNumber, &Operation::size, "a length"};
inline constexpr Operand kPadding = {Form::kNumber, &Operation::size, "a padding"};
inline constexpr Operand kMilliseconds = {Form::kNumber, &Operation::size, "a number of milliseconds"};
inline constexpr Operand kCalls = {Form::kNumber, &Operation::size, "a number of calls"};
inline constexpr Operand kRoom = {Form::kNumber, &Operation::size, "a distance above the break"};
}  // namespace operand

inline constexpr int kMostOperands = 4;

struct OperationRow {
  OperationKind kind;
  model::Entry entry;
  const char* word;
  int operand_count;
  std::array<Operand, kMostOperands> operands;
  int weight;  // of 256: how many values of a byte stand for it in a case's binary form

  constexpr std::span<const Operand> Operands() const {
    return {operands.data(), static_cast<std::size_t>(operand_count)};
  }
  constexpr bool IsCall() const { return kind == OperationKind::kCall; }
  constexpr bool Assigns() const { return IsCall() && AssignsSlot(entry); }
  // Operation::result is a slot's, assigned or not.
  constexpr bool UsesResult() const { return Assigns() || kind == OperationKind::kCopy; }
};

namespace table {

template <typename... Operands>
constexpr OperationRow Call(model::Entry entry, int weight, Operands... operands) {
  return {OperationKind::kCall, entry, NameOf(entry), sizeof...(operands), {operands...}, weight};
}

template <typename... Operands>
constexpr OperationRow Other(OperationKind kind, const char* word, int weight, Operands... operands) {
  return {kind, model::Entry::kMalloc, word, sizeof...(operands), {operands...}, weight};
}

}  // namespace table

inline constexpr int kOperationRows = model::kEntryCount + kOperationKinds - 1;

inline constexpr std::array<OperationRow, kOperationRows> kOperationTable = {
    table::Call(model::Entry::kMalloc, 43, operand::kSize, operand::kContentIfAny),
    table::Call(model::Entry::kCalloc, 18, operand::kCount, operand::kSize, operand::kContentIfAny),
    table::Call(model::Entry::kRealloc, 32, operand::kSlot, operand::kSize, operand::kContentIfAny),
    table::Call(model::Entry::kReallocarray, 5, operand::kSlot, operand::kCount, operand::kSize, operand::kContentIfAny),
    table::Call(model::Entry::kFree, 40, operand::kSlot),
    table::Call(model::Entry::kMemalign, 7, operand::kAlignment, operand::kSize, operand::kContentIfAny),
    table::Call(model::Entry::kAlignedAlloc, 7, operand::kAlignment, operand::kSize, operand::kContentIfAny),
    table::Call(model::Entry::kPosixMemalign, 7, operand::kAlignment, operand::kSize, operand::kContentIfAny),
    table::Call(model::Entry::kValloc, 4, operand::kSize, operand::kContentIfAny),
    table::Call(model::Entry::kPvalloc, 4, operand::kSize, operand::kContentIfAny),
    table::Call(model::Entry::kUsableSize, 4, operand::kSlot),
    table::Call(model::Entry::kFreeSized, 6, operand::kSlot),
    table::Call(model::Entry::kFreeAlignedSized, 4, operand::kSlot),
    table::Call(model::Entry::kNew, 4, operand::kSize, operand::kContentIfAny),
    table::Call(model::Entry::kNewArray, 1, operand::kSize, operand::kContentIfAny),
    table::Call(model::Entry::kNewNothrow, 2, operand::kSize, operand::kContentIfAny),
    table::Call(model::Entry::kNewArrayNothrow, 1, operand::kSize, operand::kContentIfAny),
    table::Call(model::Entry::kNewAligned, 2, operand::kAlignment, operand::kSize, operand::kContentIfAny),
    table::Call(model::Entry::kNewArrayAligned, 1, operand::kAlignment, operand::kSize, operand::kContentIfAny),
    table::Call(model::Entry::kNewAlignedNothrow, 2, operand::kAlignment, operand::kSize, operand::kContentIfAny),
    table::Call(model::Entry::kNewArrayAlignedNothrow, 1, operand::kAlignment, operand::kSize, operand::kContentIfAny),
    table::Call(model::Entry::kDelete, 3, operand::kSlot),
    table::Call(model::Entry::kDeleteSized, 2, operand::kSlot),
    table::Call(model::Entry::kDeleteNothrow, 1, operand::kSlot),
    table::Other(OperationKind::kThreadExit, "exit", 5),
    table::Other(OperationKind::kCheck, "check", 4),
    table::Other(OperationKind::kMallopt, "mallopt", 4, operand::kOption, operand::kValue),
    table::Other(OperationKind::kSbrk, "sbrk", 4, operand::kDistance),
    table::Other(OperationKind::kThreadStart, "start", 2),
    table::Other(OperationKind::kTouch, "touch", 6, operand::kSlot, operand::kOffset, operand::kLength),
    table::Other(OperationKind::kTrim, "malloc_trim", 3, operand::kPadding),
    table::Other(OperationKind::kClock, "clock", 4, operand::kMilliseconds),
    table::Other(OperationKind::kRefuse, "refuse", 6, operand::kCallType, operand::kCalls),
    table::Other(OperationKind::kBlock, "block", 2, operand::kRoom),
    table::Other(OperationKind::kFork, "fork", 1),
    table::Other(OperationKind::kWrite, "write", 4, operand::kSlot, operand::kContent),
    table::Other(OperationKind::kCopy, "copy", 3, operand::kSlot, operand::kTarget),
};

constexpr int RowIndexOf(const Operation& operation) {
  if (operation.kind == OperationKind::kCall) return static_cast<int>(operation.entry);
  return model::kEntryCount + static_cast<int>(operation.kind) - 1;
}

constexpr const OperationRow& RowOf(const Operation& operation) {
  return kOperationTable[static_cast<std::size_t>(RowIndexOf(operation))];
}

// A row out of order would give an operation another one's word and meaning.
static_assert([] {
  for (int row = 0; row < kOperationRows; ++row) {
    Operation operation;
    operation.kind = kOperationTable[static_cast<std::size_t>(row)].kind;
    operation.entry = kOperationTable[static_cast<std::size_t>(row)].entry;
    if (RowIndexOf(operation) != row) return false;
  }
  return true;
}());

}  // namespace breakproof::harness
