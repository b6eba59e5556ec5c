// Runs `breakproof check` on every allocator of the zoo.
//
//   bazel run //tests/zoo:kill                      compares what it finds with kill_table.md
//   bazel run //tests/zoo:kill -- --render          writes kill_table.md afresh
//   bazel run //tests/zoo:kill -- --only NAME ...   these mutants alone, with what was said of them; also to render
//
// Exit code 0 if every mutant is reported first for its rule after as many operations as the table says, its minimal
// case replays, and both twins pass at least as many operations.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/support/run_command.h"
#include "tests/zoo/kill_table.h"

namespace breakproof::tests {
namespace {

namespace fs = std::filesystem;

// Beyond this a mutant has survived.
constexpr std::uint64_t kMostOperations = 1'000'000;
constexpr int kViolations = 10;  // exit code

const char* const kTable = "tests/zoo/kill_table.md";

int failures = 0;

void Expect(bool holds, const std::string& name, const std::string& what) {
  if (holds) return;
  std::cout << "FAILED " << name << ": " << what << "\n";
  ++failures;
}

std::string Library(const std::string& name) { return fs::absolute("tests/zoo/lib" + name + ".so").string(); }

CommandResult Breakproof(const std::vector<std::string>& arguments) {
  std::vector<std::string> command = {fs::absolute("tools/breakproof").string()};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return RunCommand(command);
}

std::size_t OperationsIn(const fs::path& file) {
  std::ifstream stream(file);
  std::size_t count = 0;
  for (std::string line; std::getline(stream, line);) count += !line.empty() && line[0] != '#';
  return count;
}

void ExpectReplays(const Mutant& mutant, const std::string& rule, const std::string& file) {
  const CommandResult replay = Breakproof({"replay", file, "--library", Library(mutant.name)});
  Expect(replay.exit_code == kViolations && replay.out.find("verdict: " + rule + " was broken") != std::string::npos,
         mutant.name, "its minimal case does not replay as " + rule + ":\n" + replay.out + replay.err);
}

Kill Check(const Mutant& mutant, bool is_loud) {
  const fs::path folder = FreshFolder(mutant.name);
  const fs::path json_file = folder / "verdict.json";
  std::vector<std::string> arguments = {
      "check", "--stop-at-first", "--jobs=1", "--seed=1", "--operations=" + std::to_string(kMostOperations),
      "--library=" + Library(mutant.name), "--out=" + (folder / "out").string(), "--json=" + json_file.string()};
  arguments.insert(arguments.end(), mutant.flags.begin(), mutant.flags.end());
  const auto start = std::chrono::steady_clock::now();
  const CommandResult check = Breakproof(arguments);
  Kill kill;
  kill.rule = "survived";
  kill.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (is_loud) std::cout << check.out << check.err;
  if (check.exit_code != kViolations) return kill;
  std::ifstream stream(json_file);
  const nlohmann::json json = nlohmann::json::parse(stream);
  for (const auto& rule : json["rules"]) {
    for (const auto& violation : rule["violations"]) {
      kill.rule = rule["id"];
      kill.operations = violation["found_after"];
      kill.guilty = violation["operation"];
      const std::string file = violation["case"];
      kill.minimal_case = OperationsIn(file);
      // I1 is about who provides a function: nothing that an operation could show.
      if (kill.rule != "I1") ExpectReplays(mutant, kill.rule, file);
      return kill;
    }
  }
  return kill;
}

void ExpectTwinPasses(const std::string& heap, std::uint64_t operations) {
  const fs::path folder = FreshFolder(heap + "_twin");
  const CommandResult check =
      Breakproof({"check", "--jobs=1", "--seed=1", "--operations=" + std::to_string(operations),
                  "--library=" + Library(heap + "_twin"), "--out=" + folder.string()});
  Expect(check.exit_code == 0, heap + "_twin", check.out + check.err);
  std::cout << heap << "_twin passes " << operations << " operations\n";
}

// Bazel runs a test in parts, each with a number.
bool IsInThisShard(std::size_t index) {
  const char* const total = std::getenv("TEST_TOTAL_SHARDS");
  const char* const mine = std::getenv("TEST_SHARD_INDEX");
  if (total == nullptr || mine == nullptr) return true;
  return index % std::strtoul(total, nullptr, 10) == std::strtoul(mine, nullptr, 10);
}

void Compare(const Mutant& mutant, const Kill& kill, const std::map<std::string, Kill>& table) {
  Expect(kill.rule == mutant.rule, mutant.name, "is reported as " + kill.rule + ", not " + mutant.rule);
  const auto expected = table.find(mutant.name);
  if (expected == table.end()) {
    Expect(false, mutant.name, "is not in the kill table; render it");
    return;
  }
  Expect(kill.operations == expected->second.operations, mutant.name,
         "is found after " + std::to_string(kill.operations) + " operations, the kill table says " +
             std::to_string(expected->second.operations) +
             "; if generator or corpus were meant to change, bazel run //tests/zoo:kill -- --render");
  // A busy machine may end a minimisation before its time.
  const std::uint64_t most = 2 * expected->second.minimal_case + 10;
  Expect(kill.minimal_case <= most, mutant.name,
         "its minimal case has " + std::to_string(kill.minimal_case) + " operations, the kill table says " +
             std::to_string(expected->second.minimal_case));
}

// What the table itself promises.
void ExpectGoodMedians(const std::map<std::string, Kill>& table) {
  Expect(MedianSeconds(table) < 2, "kill table", "the median mutant takes 2 seconds or more");
  Expect(MedianMinimalCase(table) <= 6, "kill table", "the median minimal case has more than 6 operations");
}

int Run(const std::vector<Mutant>& mutants, const std::set<std::string>& only, bool render) {
  const std::map<std::string, Kill> table = ReadKillTable(kTable);
  std::map<std::string, Kill> kills;
  if (render && !only.empty()) kills = table;  // the other lines stay
  std::map<std::string, std::uint64_t> most;  // by heap
  for (std::size_t i = 0; i < mutants.size(); ++i) {
    const Mutant& mutant = mutants[i];
    if (!IsInThisShard(i) || (!only.empty() && !only.contains(mutant.name))) continue;
    const Kill kill = Check(mutant, !only.empty());
    std::cout << mutant.name << ": " << kill.rule << " after " << kill.operations << " operations, " << kill.seconds
              << " s, minimal case " << kill.minimal_case << std::endl;
    if (render) {
      Expect(kill.rule == mutant.rule, mutant.name, "is reported as " + kill.rule + ", not " + mutant.rule);
    } else {
      Compare(mutant, kill, table);
    }
    kills[mutant.name] = kill;
    most[mutant.heap] = std::max(most[mutant.heap], kill.operations);
  }
  // The case in which a mutant was found is passed to its end.
  constexpr std::uint64_t kLongestCase = 10'000;
  for (const auto& [heap, operations] : most) ExpectTwinPasses(heap, operations + kLongestCase);
  if (render) {
    const char* const workspace = std::getenv("BUILD_WORKSPACE_DIRECTORY");
    std::ofstream(fs::path(workspace != nullptr ? workspace : ".") / kTable) << RenderKillTable(mutants, kills);
  } else {
    ExpectGoodMedians(table);
  }
  return failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace breakproof::tests

int main(int argc, char** argv) {
  bool render = false;
  std::vector<std::string> only;
  CLI::App app("Kills the mutants of the zoo");
  app.add_flag("--render", render, "Write the kill table instead of comparing with it");
  app.add_option("--only", only, "Names of mutants");
  CLI11_PARSE(app, argc, argv);
  if (const char* const status = std::getenv("TEST_SHARD_STATUS_FILE")) std::ofstream(status).flush();
  return breakproof::tests::Run(breakproof::tests::ReadMutants("tests/zoo/mutants.tsv"),
                                {only.begin(), only.end()}, render);
}
