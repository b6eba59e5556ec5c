#include "harness/explain/emit/steps.h"

#include <algorithm>
#include <cctype>

#include "harness/case/case_text.h"
#include "model/heap/contract.h"

namespace breakproof::harness {
namespace {

using model::Entry;

std::string Number(std::uint64_t value) {
  constexpr std::uint64_t kNear = 1ull << 32;  // closer than this, the distance says more than the number
  if (value == SIZE_MAX) return "SIZE_MAX";
  if (SIZE_MAX - value < kNear) return "SIZE_MAX - " + std::to_string(SIZE_MAX - value);
  if (value == PTRDIFF_MAX) return "PTRDIFF_MAX";
  return std::to_string(value) + (value > INT32_MAX ? "ul" : "");
}

// Compilers object to constants that no call can serve; here they are the point.
std::string SizeArgument(std::uint64_t value, bool plain) {
  return plain || value <= INT32_MAX ? Number(value) : "opaque(" + Number(value) + ")";
}

std::string AlignmentArgument(std::uint64_t value, bool plain) {
  return plain || __builtin_popcountll(value) == 1 ? SizeArgument(value, plain) : "opaque(" + Number(value) + ")";
}

std::string ArgumentOf(const Case& c, const Operation& operation) {
  return operation.argument == kNullSlot ? "NULL" : SlotVariable(c, operation.argument);
}

model::Contract ContractOf(const Operation& operation) {
  return model::ContractOf(
      {.entry = operation.entry, .size = operation.size, .count = operation.count, .alignment = operation.alignment});
}

// "BY_NEW | ARRAY"
std::string FormOf(Entry entry) {
  return std::string("BY_NEW") + (model::Has(entry, model::NewTrait::kArray) ? " | ARRAY" : "") +
         (model::Has(entry, model::NewTrait::kNothrow) ? " | NOTHROW" : "") +
         (model::Has(entry, model::NewTrait::kAligned) ? " | ALIGNED" : "");
}

// "realloc(at(ARGUMENT), 17)", and without one, as the case has it, "realloc(a, 17)".
std::string CallText(const Case& c, const Operation& operation, const std::string& argument) {
  const bool is_null = operation.argument == kNullSlot;
  const bool plain = argument.empty();
  const std::string block = is_null ? "NULL" : plain ? c.slot_names[operation.argument] : "at(" + argument + ")";
  const bool is_new = model::IsNew(operation.entry) && !plain;
  const std::string name = is_new ? "cxx_new" : model::NameOf(operation.entry);
  std::string arguments;
  const auto add = [&](const std::string& argument) { arguments += (arguments.empty() ? "" : ", ") + argument; };
  if (operation.entry == Entry::kPosixMemalign) add(plain ? "&p" : "(void **)&result");
  if (is_new) add(FormOf(operation.entry));
  if (is_new) add(Number(ContractOf(operation).alignment));
  if (ReadsSlot(operation.entry)) add(block);
  if (TakesCount(operation.entry)) add(SizeArgument(operation.count, plain));
  if (TakesAlignment(operation.entry) && !is_new) add(AlignmentArgument(operation.alignment, plain));
  if (AssignsSlot(operation.entry)) add(SizeArgument(operation.size, plain));
  return name + "(" + arguments + ")";
}

// "FIRST_WORD_LEFT", as contents.c has it.
std::string ContentName(Content content) {
  std::string name = NameOf(content);
  std::ranges::transform(name, name.begin(), [](char letter) { return static_cast<char>(std::toupper(letter)); });
  return name;
}

std::string Promise(const Operation& operation, const CaseViolation* violation) {
  const model::Contract contract = ContractOf(operation);
  const bool is_posix = operation.entry == Entry::kPosixMemalign;
  std::string text = "(struct promise){.payload = " + Number(contract.payload) +
                     ", .alignment = " + std::to_string(contract.alignment);
  if (operation.entry == Entry::kCalloc) text += ", .zeroed = 1";
  if (contract.absurd || contract.alignment_must_fail) text += ", .must_fail = 1";
  if (contract.null_allowed && !contract.alignment_invalid && !is_posix) text += ", .may_fail_freely = 1";
  if (!contract.alignment_must_fail || contract.absurd) text += ", .enomem = 1";
  if (contract.may_refuse_alignment || contract.alignment_must_fail) text += ", .einval = 1";
  if (contract.any_errno) text += ", .any_errno = 1";
  if (model::IsNew(operation.entry)) text += ", .form = " + FormOf(operation.entry);
  if (violation != nullptr && violation->what.rule == model::RuleId::kH14) text += ", .must_succeed = 1";
  if (operation.content != Content::kPattern) text += ", .content = " + ContentName(operation.content);
  if (operation.content == Content::kUntouched) text += ", .unasked = 1";
  return text + "}";
}

std::string Line(const std::string& statement) { return "      " + statement + "\n"; }

// The alignment with which the slot's block was asked for: by the last operation that assigned it.
std::uint64_t MakerAlignment(const Case& c, std::size_t index) {
  const Slot slot = c.operations[index].argument;
  while (index-- > 0) {
    const Operation& before = c.operations[index];
    if (before.kind == OperationKind::kCall && AssignsSlot(before.entry) && before.result == slot) return before.alignment;
  }
  return 0;
}

std::string EmitCall(const Case& c, std::size_t index, const CaseViolation* violation) {
  const Operation& operation = c.operations[index];
  std::string argument = ArgumentOf(c, operation);
  std::string argument_slot = operation.argument == kNullSlot ? "NULL" : "&" + argument;
  // realloc must not be given what operator new made.
  const bool may_be_new = Reallocates(operation.entry) && operation.argument != kNullSlot && UsesOperators(c);
  if (may_be_new) argument_slot = "(is_by_new(" + argument + ") ? NULL : " + argument_slot + ")";
  if (may_be_new) argument = "unless_by_new(" + argument + ")";
  const std::string call = CallText(c, operation, argument);
  std::string text = Line("begin(\"" + CallText(c, operation, {}) + "\", " + argument + ");");
  const bool may_end_a_block = ReadsSlot(operation.entry) && operation.entry != Entry::kUsableSize;
  if (may_end_a_block && operation.argument != kNullSlot && UsesContents(c)) text += Line("note_freed(" + argument + ");");
  if (operation.entry == Entry::kUsableSize) {
    // begin() has compared it with what it was.
    return operation.argument == kNullSlot
               ? text + Line("if (malloc_usable_size(NULL) != 0) BROKEN(\"H3\", (\"0\"), \"another value\");")
               : text;
  }
  if (operation.entry == Entry::kFreeSized || operation.entry == Entry::kFreeAlignedSized) {
    const std::string freeing = operation.entry == Entry::kFreeSized
                                    ? "free_with_size(" + argument + ")"
                                    : "free_with_alignment(" + argument + ", " + std::to_string(MakerAlignment(c, index)) + ")";
    return text + Line("CALL_VOID(" + freeing + ");") + Line("freed(" + argument_slot + ");");
  }
  if (model::IsDelete(operation.entry)) {
    const char* const how = operation.entry == Entry::kDelete         ? "PLAINLY"
                            : operation.entry == Entry::kDeleteSized ? "WITH_SIZE"
                                                                     : "WITH_TAG";
    return text + Line("CALL_VOID(delete_block(" + std::string(how) + ", " + argument + "));") +
           Line("error = SENTINEL; /* of which C++ says nothing */") + Line("freed(" + argument_slot + ");");
  }
  if (operation.entry == Entry::kFree && UsesOperators(c)) {
    return text + Line("CALL_VOID(free_block(" + argument + "));") + Line("freed(" + argument_slot + ");");
  }
  if (!AssignsSlot(operation.entry)) return text + Line("CALL_VOID(" + call + ");") + Line("freed(" + argument_slot + ");");
  text += Line((operation.entry == Entry::kPosixMemalign ? "CALL_STATUS(" : "CALL(") + call + ");");
  if (operation.entry == Entry::kPosixMemalign) text += Line("if (status != 0) result = NULL;");
  const std::string result_slot = operation.result == kNullSlot ? "NULL" : "&" + SlotVariable(c, operation.result);
  const bool reallocates = Reallocates(operation.entry);
  return text + Line("allocated(" + result_slot + ", " + (reallocates ? argument_slot : "NULL") + ", " +
                     Promise(operation, violation) + ");");
}

const char* OptionMacro(model::Option option) {
  switch (option) {
    case model::Option::kMmapThreshold: return "M_MMAP_THRESHOLD";
    case model::Option::kTrimThreshold: return "M_TRIM_THRESHOLD";
    case model::Option::kTopPad: return "M_TOP_PAD";
    case model::Option::kMmapMax: return "M_MMAP_MAX";
    case model::Option::kMaxFast: return "M_MXFAST";
  }
  return "0";
}

}  // namespace

bool UsesContents(const Case& c) { return std::ranges::any_of(c.operations, ConcernsContent); }

bool UsesOperators(const Case& c) {
  return std::ranges::any_of(c.operations, [](const Operation& o) {
    return o.kind == OperationKind::kCall && (model::IsNew(o.entry) || model::IsDelete(o.entry));
  });
}

std::string SlotVariable(const Case& c, Slot slot) { return "slot_" + c.slot_names[slot]; }

std::string EmitStep(const Case& c, std::size_t index, const CaseViolation* violation) {
  const Operation& operation = c.operations[index];
  const std::string text = Line("/* " + PrintOperation(operation, c.slot_names) + " */");
  switch (operation.kind) {
    case OperationKind::kCall: return text + EmitCall(c, index, violation);
    case OperationKind::kCheck: return text + Line("doing = \"a look at every block\";") + Line("look_at_all();");
    case OperationKind::kThreadExit: return text + Line("doing = \"the end of a thread\";");
    case OperationKind::kMallopt:
      return text + Line(std::string("mallopt(") + OptionMacro(operation.option) + ", " + Number(operation.size) + ");");
    case OperationKind::kSbrk:
      return text + Line("move_break(" + std::to_string(static_cast<std::int64_t>(operation.size)) + "l);");
    case OperationKind::kThreadStart: return text;
    case OperationKind::kTouch:
      return text + Line("touch(" + ArgumentOf(c, operation) + ", " + Number(operation.count) + ", " + Number(operation.size) + ");");
    case OperationKind::kTrim: return text + Line("malloc_trim(" + Number(operation.size) + ");");
    case OperationKind::kClock: return text + Line("usleep(" + std::to_string(std::min<std::uint64_t>(operation.size, 5000)) + " * 1000);");
    case OperationKind::kRefuse:
      return text + Line("refuse_next[" + std::to_string(operation.call_type) + "] = " + Number(operation.size) + ";");
    case OperationKind::kBlock: return text + Line("block_break(" + Number(operation.size) + ");");
    case OperationKind::kFork: return text + Line("fork_and_wait();");
    case OperationKind::kWrite:
      return text + Line("write_anew(" + ArgumentOf(c, operation) + ", " + ContentName(operation.content) + ");");
    case OperationKind::kCopy: {
      const std::string target = operation.result == kNullSlot ? "NULL" : SlotVariable(c, operation.result);
      return text + Line("copy_block(" + ArgumentOf(c, operation) + ", " + target + ");");
    }
  }
  return text;
}

}  // namespace breakproof::harness
