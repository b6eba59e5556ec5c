// Whoever overruns a mapping is stopped where the kernel keeps mappings apart, and gets away with it where they touch.
//
// Exit code 0 if that is how this allocator fares: "overruns", or "sound" if neither stops it.
#include <cstdio>
#include <stdexcept>
#include <string_view>

#include "harness/case/case_text.h"
#include "harness/subject/production/simulated_run.h"

namespace {

using namespace breakproof;
using namespace breakproof::harness;

// b lies below a, and is copied because it cannot be moved.
constexpr char kCase[] =
    "# breakproof case v1\nkernel  refuse=mremap@1+\n"
    "t0  a = malloc 200K\nt0  b = malloc 204800\nt0  b = realloc b 300K\n";

// The first rule that is broken; "none".
std::string_view Broken(Mappings mappings) {
  Case c;
  ParseError error;
  if (!ParseCase(kCase, &c, &error)) throw std::runtime_error(error.message);
  SimulatedRun run(Crashes::kAreViolations, mappings);
  const Judgement judgement = run.Run(c).judgement;
  return judgement.violations.empty() ? "none" : model::TextOf(judgement.violations.front().what.rule).id;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view expected = argc == 2 && std::string_view(argv[1]) == "overruns" ? "H0" : "none";
  const std::string_view packed = Broken(Mappings::kPacked);
  const std::string_view apart = Broken(Mappings::kApart);
  std::printf("broken with mappings that touch: %s, with mappings apart: %s (expected: %s)\n", packed.data(), apart.data(),
              expected.data());
  return packed == "none" && apart == expected ? 0 : 1;
}
