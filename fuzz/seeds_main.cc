// Makes what the fuzz targets start from, when they are built.
//
//   seeds stretches MOST CASE OUT...   as many stretches of a recorded case, evenly spread, each of at most MOST
//                                      operations that are about blocks of its own, in binary form
//   seeds dictionary OUT               a libFuzzer dictionary: a record of every operation
//   seeds words OUT                    the same for cases as text: every word of the grammar
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <fstream>
#include <set>
#include <stdexcept>
#include <string>

#include "harness/case/case_binary.h"
#include "harness/case/case_text.h"
#include "harness/case/operation/operation_table.h"

using namespace breakproof::harness;

namespace {

Case Load(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  Case c;
  ParseError error;
  if (!in || !ParseCase(text, &c, &error)) {
    throw std::runtime_error(file + ":" + std::to_string(error.line) + ": not a case: " + error.message);
  }
  return c;
}

void Save(const std::string& file, std::string_view bytes) {
  std::ofstream out(file, std::ios::binary);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.close();
  if (!out) throw std::runtime_error("cannot write " + file);
}

// Without what concerns blocks that were made before: their slots are empty here, and freeing NULL is dull.
Case StretchOf(const Case& c, std::size_t begin, std::size_t most) {
  Case stretch;
  stretch.environment = c.environment;
  std::set<Slot> made;
  for (std::size_t i = begin; i < c.operations.size() && stretch.operations.size() < most; ++i) {
    Operation operation = c.operations[i];
    const bool is_foreign = operation.argument != kNullSlot && !made.contains(operation.argument);
    const bool reallocates = operation.kind == OperationKind::kCall && Reallocates(operation.entry);
    if (is_foreign && !reallocates) continue;
    if (is_foreign) operation.argument = kNullSlot;
    if (operation.result != kNullSlot) made.insert(operation.result);
    stretch.operations.push_back(operation);
  }
  return stretch;
}

void SaveStretches(std::size_t most, const std::string& file, const std::vector<std::string>& outs) {
  const Case c = Load(file);
  for (std::size_t i = 0; i < outs.size(); ++i) {
    const std::vector<std::uint8_t> bytes = EncodeCase(StretchOf(c, c.operations.size() * i / outs.size(), most));
    Save(outs[i], {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
}

std::string Entry(const Case& c) {
  std::string text = "\"";
  for (const std::uint8_t byte : EncodeCase(c)) {
    char hex[5];
    std::snprintf(hex, sizeof hex, "\\x%02x", byte);
    text += hex;
  }
  return text + "\"\n";
}

void SaveDictionary(const std::string& file) {
  std::string text = "# Records of a case's binary form (harness/case/case_binary.h).\n";
  for (const OperationRow& row : kOperationTable) {
    Case c;
    Operation operation;
    operation.kind = row.kind;
    operation.entry = row.entry;
    operation.thread = row.kind == OperationKind::kThreadExit || row.kind == OperationKind::kThreadStart ? 1 : 0;
    if (row.UsesResult()) operation.result = 0;
    for (const Operand& operand : row.Operands()) {
      if (operand.form == Form::kSlot) operation.argument = 0;
      if (operand.field == &Operation::size) operation.size = 100;
      if (operand.field == &Operation::alignment) operation.alignment = 64;
    }
    c.operations = {operation};
    text += Entry(c);
  }
  for (int type = 0; type < kCallTypes; ++type) {
    Case c;
    c.environment.refusals = {{.type = static_cast<CallType>(type), .call = 1, .onwards = type % 2 == 0}};
    text += Entry(c);
  }
  Save(file, text);
}

void SaveWords(const std::string& file) {
  std::string text = "# Words of the case grammar (harness/case/case_text.h).\n";
  const auto add = [&](const std::string& word) { text += "\"" + word + "\"\n"; };
  add("# breakproof case v1\\x0a");
  add("# breakproof case v2\\x0a");
  for (const OperationRow& row : kOperationTable) add(row.word);
  for (int option = 0; option < breakproof::model::kOptionCount; ++option) {
    add(breakproof::model::NameOf(static_cast<breakproof::model::Option>(option)));
  }
  for (int type = 0; type <= kCallTypes; ++type) add(NameOfCallType(type));
  for (int content = 0; content < kContents; ++content) add(NameOf(static_cast<Content>(content)));
  for (const char* word : {"kernel ", "refuse=", "@1+", "gap=", "room=", "null", "SIZE_MAX", "PTRDIFF_MAX", "t0 ", "t15 ", " = ", "0x"}) {
    add(word);
  }
  Save(file, text);
}

int Run(const std::vector<std::string>& arguments) {
  if (arguments.size() == 2 && arguments[0] == "words") {
    SaveWords(arguments[1]);
    return 0;
  }
  if (arguments.size() == 2 && arguments[0] == "dictionary") {
    SaveDictionary(arguments[1]);
    return 0;
  }
  if (arguments.size() < 4 || arguments[0] != "stretches") {
    throw std::runtime_error("usage: seeds stretches MOST CASE OUT... | seeds dictionary OUT | seeds words OUT");
  }
  SaveStretches(std::stoul(arguments[1]), arguments[2], {arguments.begin() + 3, arguments.end()});
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return Run({argv + 1, argv + argc});
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "seeds: %s\n", problem.what());
    return 1;
  }
}
