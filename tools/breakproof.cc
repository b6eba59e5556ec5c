// breakproof: checks a malloc against the model, replays a case, records a program.
#include <cstdio>
#include <exception>

#include "harness/support/could_not_run.h"
#include "tools/commands.h"
#include "tools/settings.h"

namespace {

using namespace breakproof;

int Main(int argc, char** argv) {
  CLI::App app("Checks a malloc against an executable model of what it promises.", "breakproof");
  app.set_version_flag("--version", std::string("breakproof ") + std::string(tools::kVersion));
  app.require_subcommand(1);
  app.footer("Exit codes: 0 every rule held, 10 violations, 11 could not run.");
  const struct {
    const char* name;
    const char* description;
    tools::Command (*add)(CLI::App&);
  } kCommands[] = {
      {"check", "Run recorded and generated cases on an allocator and give a verdict", tools::AddCheck},
      {"replay", "Run one case and show the operation that breaks a rule", tools::AddReplay},
      {"minimize", "Make a failing case small while it breaks the same rule", tools::AddMinimize},
      {"emit", "Write a C program that shows the failure without breakproof", tools::AddEmit},
      {"report", "Write an HTML page: the address space over time and the operations", tools::AddReport},
      {"record", "Run a program and write down its allocations as cases", tools::AddRecord},
  };
  std::vector<std::pair<CLI::App*, tools::Command>> commands;
  for (const auto& command : kCommands) {
    CLI::App* const sub = app.add_subcommand(command.name, command.description);
    commands.emplace_back(sub, command.add(*sub));
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    std::fprintf(stderr, "breakproof: %s; --help shows what is possible\n", error.what());
    return tools::kCouldNotRun;
  }
  for (const auto& [sub, run] : commands) {
    if (sub->parsed()) return run();
  }
  return tools::kCouldNotRun;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return Main(argc, argv);
  } catch (const harness::CouldNotRun& problem) {
    std::fprintf(stderr, "breakproof: %s\n", problem.what());
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "breakproof: stopped by an unexpected error (%s); please report it with the command line\n",
                 problem.what());
  }
  return tools::kCouldNotRun;
}
