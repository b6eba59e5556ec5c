// The test behind allocator_check_test: runs `breakproof check`, compares the verdict, replays every case.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/support/run_command.h"

namespace {

namespace fs = std::filesystem;
using breakproof::tests::CommandResult;
using breakproof::tests::RunCommand;

struct Flags {
  std::string breakproof;
  std::string library;
  std::uint64_t operations = 0;
  std::uint64_t seed = 1;
  std::set<std::string> breaks;
  std::string first;
  std::size_t most_operations_a_case = 0;
};

int failures = 0;

void Expect(bool holds, const std::string& what) {
  if (holds) return;
  std::cerr << "FAILED: " << what << "\n";
  ++failures;
}

std::size_t OperationsIn(const fs::path& file) {
  std::ifstream stream(file);
  std::size_t count = 0;
  for (std::string line; std::getline(stream, line);) count += !line.empty() && line[0] != '#';
  return count;
}

std::vector<std::string> WithLibrary(std::vector<std::string> arguments, const Flags& flags) {
  if (!flags.library.empty()) {
    arguments.push_back("--library");
    arguments.push_back(fs::absolute(flags.library));
  }
  return arguments;
}

void ExpectReplays(const Flags& flags, const std::string& rule, const nlohmann::json& violation) {
  const fs::path file = violation["case"].get<std::string>();
  if (flags.most_operations_a_case > 0) {
    const std::size_t count = OperationsIn(file);
    Expect(count <= flags.most_operations_a_case,
           file.string() + " has " + std::to_string(count) + " operations");
  }
  const CommandResult replay = RunCommand(WithLibrary({flags.breakproof, "replay", file}, flags));
  std::cout << replay.out << replay.err;
  Expect(replay.exit_code == 10, "replay exits with 10, not " + std::to_string(replay.exit_code));
  Expect(replay.out.find(">>") != std::string::npos, "replay marks the guilty operation");
  Expect(replay.out.find("verdict: " + rule + " was broken") != std::string::npos,
         "replay reports " + rule + " first");
}

// The rule of the violation that was found earliest; later ones may be its consequences.
std::string FirstRule(const nlohmann::json& json) {
  std::string first = "none";
  std::uint64_t earliest = UINT64_MAX;
  for (const auto& rule : json["rules"]) {
    for (const auto& violation : rule["violations"]) {
      if (violation["found_after"] >= earliest) continue;
      earliest = violation["found_after"];
      first = rule["id"];
    }
  }
  return first;
}

void CheckVerdict(const Flags& flags, const nlohmann::json& json) {
  Expect(json["schema_version"] == 1, "schema_version is 1");
  Expect(json["seed"] == flags.seed, "the seed is reported");
  Expect(json["hash"].get<std::string>().starts_with("sha256:"), "the library's hash is reported");
  Expect(json["operations"] > 0, "operations were performed");
  if (!flags.first.empty()) {
    Expect(FirstRule(json) == flags.first, "first reported is " + flags.first + ", not " + FirstRule(json));
  }
  for (const auto& rule : json["rules"]) {
    const std::string id = rule["id"];
    const std::string verdict = rule["verdict"];
    if (flags.breaks.contains(id)) Expect(verdict == "violated", id + " is " + verdict);
    // Some rules take insight that no library loaded from outside grants.
    if (flags.breaks.empty()) Expect(verdict == "held" || verdict == "not_observable", id + " is " + verdict);
    if (id != flags.first) continue;
    for (const auto& violation : rule["violations"]) ExpectReplays(flags, id, violation);
  }
}

}  // namespace

int main(int argc, char** argv) {
  Flags flags;
  CLI::App app("check_driver");
  app.add_option("--breakproof", flags.breakproof)->required();
  app.add_option("--library", flags.library);
  app.add_option("--operations", flags.operations)->required();
  app.add_option("--seed", flags.seed);
  app.add_option("--breaks", flags.breaks);
  app.add_option("--first", flags.first);
  app.add_option("--most-operations-a-case", flags.most_operations_a_case);
  CLI11_PARSE(app, argc, argv);

  const fs::path folder = breakproof::tests::FreshFolder("check");
  const fs::path json_file = folder / "verdict.json";
  const CommandResult check = RunCommand(WithLibrary(
      {flags.breakproof, "check", "--operations", std::to_string(flags.operations), "--seed",
       std::to_string(flags.seed), "--out", folder / "out", "--json", json_file},
      flags));
  std::cout << check.out << check.err;
  const int expected = flags.breaks.empty() ? 0 : 10;
  Expect(check.exit_code == expected,
         "check exits with " + std::to_string(expected) + ", not " + std::to_string(check.exit_code));
  if (fs::exists(json_file)) {
    std::ifstream stream(json_file);
    CheckVerdict(flags, nlohmann::json::parse(stream));
  } else {
    Expect(false, "the verdict was written as JSON");
  }
  return failures == 0 ? 0 : 1;
}
