#include "harness/case/case_binary.h"

#include <array>
#include <optional>
#include <utility>

#include "harness/case/binary_numbers.h"
#include "harness/case/operation/operation_table.h"

namespace breakproof::harness {
namespace {

using Record = std::array<std::uint8_t, kBytesAnOperation>;

// What a record may be beside an operation: numbered behind the table's rows.
enum Special { kRefusal = kOperationRows, kGap, kRoom, kLiteral, kRuntime };
constexpr int kRecordKinds = kRuntime + 1;
constexpr std::array<int, kRecordKinds - kOperationRows> kSpecialWeights = {2, 1, 1, 2, 1};

constexpr int WeightOf(int kind) {
  const auto at = static_cast<std::size_t>(kind);
  return kind < kOperationRows ? kOperationTable[at].weight : kSpecialWeights[at - kOperationRows];
}

struct Kinds {
  std::array<std::uint8_t, 256> of_byte;           // what a byte stands for
  std::array<std::uint8_t, kRecordKinds> first;  // the byte that is written
};

constexpr Kinds kKinds = [] {
  Kinds kinds{};
  std::size_t byte = 0;
  for (int kind = 0; kind < kRecordKinds; ++kind) {
    kinds.first[static_cast<std::size_t>(kind)] = static_cast<std::uint8_t>(byte);
    for (int i = 0; i < WeightOf(kind); ++i) kinds.of_byte[byte++] = static_cast<std::uint8_t>(kind);
  }
  if (byte != 256) throw "the weights must add up to 256";  // at compile time
  return kinds;
}();

enum class Which { kSize, kCount, kAlignment, kResult, kArgument };
constexpr int kWhiches = 5;

// Numbers told in front of a record.
using Literals = std::array<std::optional<std::uint64_t>, kWhiches>;

constexpr std::uint64_t kNoSlot = 0xffff;

static_assert(kMaxThreads == 16 && kContents <= 16, "a thread and a content share a byte");

std::uint64_t Read(const std::uint8_t* bytes, int count) {
  std::uint64_t value = 0;
  for (int i = 0; i < count; ++i) value |= std::uint64_t{bytes[i]} << (8 * i);
  return value;
}

void Write(std::uint64_t value, std::uint8_t* bytes, int count) {
  for (int i = 0; i < count; ++i) bytes[i] = static_cast<std::uint8_t>(value >> (8 * i));
}

// ---- From bytes

class Decoder {
 public:
  void Add(const std::uint8_t* record) {
    record_ = record;
    const int kind = kKinds.of_byte[record[0]];
    if (kind == kLiteral) {
      literals_[record[1] % kWhiches] = Read(record + 2, 8);
      return;
    }
    switch (kind) {
      case kRefusal: AddRefusal(); break;
      case kGap: case_.environment.gap_before_growth = Size() & kMaxGap; break;
      case kRoom: case_.environment.break_room = Size(); break;
      case kRuntime: case_.environment.has_cxx_runtime = true; break;
      default: AddOperation(kOperationTable[static_cast<std::size_t>(kind)]);
    }
    literals_ = {};
  }

  Case Finish() { return WithFreshNames(case_); }

 private:
  std::uint64_t Literal(Which which, std::uint64_t otherwise) const {
    return literals_[static_cast<std::size_t>(which)].value_or(otherwise);
  }
  std::uint64_t Size() const {
    return Literal(Which::kSize, SizeOfBytes(record_[6], static_cast<std::int16_t>(Read(record_ + 7, 2))));
  }
  Slot SlotAt(int offset, Which which) const {
    const std::uint64_t slot = Literal(which, Read(record_ + offset, 2));
    return slot == kNoSlot ? kNullSlot : static_cast<Slot>(slot);
  }

  void AddRefusal() {
    const int type = (record_[9] & 127) % (kCallTypes + 1);
    Refusal refusal;
    refusal.any_type = type == kCallTypes;
    refusal.type = static_cast<CallType>(type % kCallTypes);
    refusal.call = Literal(Which::kCount, Read(record_ + 2, 2) + 1);
    refusal.onwards = record_[9] >> 7 != 0;
    if (refusal.call == 0) refusal.call = 1;
    case_.environment.refusals.push_back(refusal);
  }

  void AddOperation(const OperationRow& row) {
    Operation operation;
    operation.kind = row.kind;
    operation.entry = row.entry;
    operation.thread = record_[1] % kMaxThreads;
    // Thread 0 lives as long as the process.
    if (row.kind == OperationKind::kThreadExit && operation.thread == 0) operation.kind = OperationKind::kCheck;
    if (row.UsesResult()) operation.result = SlotAt(2, Which::kResult);
    for (const Operand& operand : row.Operands()) ReadOperand(operand, &operation);
    case_.operations.push_back(operation);
  }

  void ReadOperand(const Operand& operand, Operation* operation) const {
    switch (operand.form) {
      case Form::kSlot: operation->argument = SlotAt(4, Which::kArgument); return;
      case Form::kOption: operation->option = static_cast<model::Option>(record_[9] % model::kOptionCount); return;
      case Form::kCallType: operation->call_type = record_[9] % (kCallTypes + 1); return;
      case Form::kInt: operation->size = Size() & INT32_MAX; return;
      case Form::kTarget: return;  // UsesResult
      case Form::kContent:
      case Form::kContentIfAny: operation->content = static_cast<Content>(record_[1] / kMaxThreads % kContents); return;
      default: break;
    }
    if (operand.field == &Operation::size) {
      operation->size = Size();
    } else if (operand.field == &Operation::alignment) {
      operation->alignment = Literal(Which::kAlignment, AlignmentOfByte(record_[9]));
    } else if (operation->kind == OperationKind::kTouch) {
      operation->count = Literal(Which::kCount, Read(record_ + 2, 2));
    } else {
      operation->count = Literal(Which::kCount, CountOfByte(record_[9]));
    }
  }

  Case case_;
  const std::uint8_t* record_ = nullptr;
  Literals literals_{};
};

// ---- To bytes

class Encoder {
 public:
  void Add(const Environment& environment) {
    for (const Refusal& refusal : environment.refusals) {
      Begin(kRefusal);
      PutShort(refusal.call - 1, refusal.call, Which::kCount);
      const int type = refusal.any_type ? kCallTypes : static_cast<int>(refusal.type);
      record_[9] = static_cast<std::uint8_t>(type + (refusal.onwards ? 128 : 0));
      End();
    }
    if (environment.gap_before_growth != 0) AddSize(kGap, environment.gap_before_growth);
    if (environment.break_room) AddSize(kRoom, *environment.break_room);
    if (environment.has_cxx_runtime) AddSize(kRuntime, 0);
  }

  void Add(const Operation& operation) {
    const OperationRow& row = RowOf(operation);
    Begin(RowIndexOf(operation));
    record_[1] = operation.thread;
    if (row.UsesResult()) PutSlot(2, operation.result, Which::kResult);
    for (const Operand& operand : row.Operands()) PutOperand(operand, operation);
    End();
  }

  std::vector<std::uint8_t> Finish() { return std::move(bytes_); }

 private:
  void Begin(int kind) {
    record_ = {};
    record_[0] = kKinds.first[static_cast<std::size_t>(kind)];
  }
  void End() { bytes_.insert(bytes_.end(), record_.begin(), record_.end()); }

  void AddSize(int kind, std::uint64_t size) {
    Begin(kind);
    PutSize(size);
    End();
  }

  void PutLiteral(Which which, std::uint64_t value) {
    Record literal{};
    literal[0] = kKinds.first[kLiteral];
    literal[1] = static_cast<std::uint8_t>(which);
    Write(value, literal.data() + 2, 8);
    bytes_.insert(bytes_.end(), literal.begin(), literal.end());
  }

  void PutSize(std::uint64_t size) {
    const auto bytes = BytesOfSize(size);
    if (!bytes) return PutLiteral(Which::kSize, size);
    record_[6] = bytes->boundary;
    Write(static_cast<std::uint16_t>(bytes->distance), record_.data() + 7, 2);
  }

  void PutShort(std::uint64_t in_record, std::uint64_t value, Which which) {
    if (in_record > 0xffff) return PutLiteral(which, value);
    Write(in_record, record_.data() + 2, 2);
  }

  void PutSlot(int offset, Slot slot, Which which) {
    const std::uint64_t value = slot == kNullSlot ? kNoSlot : slot;
    if (value > kNoSlot || (value == kNoSlot && slot != kNullSlot)) return PutLiteral(which, slot);
    Write(value, record_.data() + offset, 2);
  }

  void PutByte(std::optional<std::uint8_t> byte, std::uint64_t value, Which which) {
    if (!byte) return PutLiteral(which, value);
    record_[9] = *byte;
  }

  void PutOperand(const Operand& operand, const Operation& operation) {
    switch (operand.form) {
      case Form::kSlot: return PutSlot(4, operation.argument, Which::kArgument);
      case Form::kOption: record_[9] = static_cast<std::uint8_t>(operation.option); return;
      case Form::kCallType: record_[9] = operation.call_type; return;
      case Form::kTarget: return;  // UsesResult
      case Form::kContent:
      case Form::kContentIfAny: record_[1] += static_cast<std::uint8_t>(static_cast<int>(operation.content) * kMaxThreads); return;
      default: break;
    }
    if (operand.field == &Operation::size) {
      PutSize(operation.size);
    } else if (operand.field == &Operation::alignment) {
      PutByte(ByteOfAlignment(operation.alignment), operation.alignment, Which::kAlignment);
    } else if (operation.kind == OperationKind::kTouch) {
      PutShort(operation.count, operation.count, Which::kCount);
    } else {
      PutByte(ByteOfCount(operation.count), operation.count, Which::kCount);
    }
  }

  std::vector<std::uint8_t> bytes_;
  Record record_{};
};

}  // namespace

Case DecodeCase(const std::uint8_t* data, std::size_t size) {
  Decoder decoder;
  for (; size >= kBytesAnOperation; data += kBytesAnOperation, size -= kBytesAnOperation) decoder.Add(data);
  return decoder.Finish();
}

std::vector<std::uint8_t> EncodeCase(const Case& c) {
  Encoder encoder;
  encoder.Add(c.environment);
  for (const Operation& operation : WithFreshNames(c).operations) encoder.Add(operation);
  return encoder.Finish();
}

}  // namespace breakproof::harness
