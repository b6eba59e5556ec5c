// Does the guidance help? The same mutations, the same number of operations, with three ways to keep inputs:
//
//   guided    those whose extra counters show something new
//   random    one in sixteen, whatever it did
//   none      the seeds alone: all that is left to a fuzzer when the allocator is not instrumented
//
//   bazel run //fuzz/guidance:benefit -- [--operations=N] [--seeds=K] [LIBRARY...]
//
// Counts the shapes (harness/subject/production/heap_shape.h) that the production heap on the simulated kernel came through,
// which the guidance does not see; and for each library, a malloc with a defect, the operations until it was found.
#include <dlfcn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <set>
#include <string>
#include <vector>

#include "fuzz/guidance/guidance.h"
#include "fuzz/mutator/case_bytes.h"
#include "harness/case/case_binary.h"
#include "harness/search/generate/generator.h"
#include "harness/subject/in_process.h"
#include "harness/subject/production/production_heap.h"
#include "harness/subject/production/simulated_run.h"

using namespace breakproof;
using namespace breakproof::fuzz;
using namespace breakproof::harness;

namespace {

enum class Keep { kGuided, kRandom, kNone };
constexpr const char* kKeepNames[] = {"guided", "random", "none"};
constexpr std::size_t kMaxBytes = 4000;

// What libFuzzer does with counters: a new magnitude of any of them is news.
class News {
 public:
  bool Look() {
    bool is_new = false;
    const std::span<std::uint8_t> counters = Counters();
    for (std::size_t i = 0; i < counters.size(); ++i) {
      if (counters[i] == 0) continue;
      const auto bit = static_cast<std::uint8_t>(1u << Bucket(counters[i]));
      is_new |= (seen_[i] & bit) == 0;
      seen_[i] |= bit;
      counters[i] = 0;
    }
    return is_new;
  }

 private:
  static int Bucket(std::uint8_t n) {
    return n >= 128 ? 7 : n >= 32 ? 6 : n >= 16 ? 5 : n >= 8 ? 4 : n >= 4 ? 3 : n - 1;
  }
  std::vector<std::uint8_t> seen_ = std::vector<std::uint8_t>(Counters().size());
};

class Hunt {
 public:
  Hunt(Keep keep, std::uint64_t seed) : keep_(keep), random_(seed) {
    constexpr std::size_t kSeedOperations = 30;
    for (std::uint64_t n = 0; n < 4; ++n) {
      Case c = GenerateCase(1, n, kAllEntries);
      c.operations.resize(std::min(c.operations.size(), kSeedOperations));
      std::erase_if(c.operations, [](const Operation& o) { return o.kind == OperationKind::kFork; });
      corpus_.push_back(EncodeCase(c));
    }
  }

  Case Next() {
    const Bytes& parent = corpus_[random_.Below(corpus_.size())];
    bytes_ = random_.OneIn(4)
                 ? CrossOverBytes(parent, corpus_[random_.Below(corpus_.size())], kMaxBytes, random_.Next())
                 : MutateBytes(parent, kMaxBytes, random_.Next());
    return WithFinalCheck(DecodeCase(bytes_.data(), bytes_.size()));
  }

  void Ran() {
    const bool is_new = news_.Look();
    if (keep_ == Keep::kGuided ? is_new : keep_ == Keep::kRandom && random_.OneIn(16)) corpus_.push_back(bytes_);
  }

 private:
  Keep keep_;
  Random random_;
  std::vector<Bytes> corpus_;
  Bytes bytes_;
  News news_;
};

// Guidance, and the shapes beside it.
class ShapeCounter : public OperationObserver {
 public:
  explicit ShapeCounter(const SimulatedRun& run) : run_(run) {}
  void CaseBegins() override { guidance_.CaseBegins(); }
  void Saw(const Observation& observation) override {
    guidance_.Saw(observation);
    shapes_.insert(run_.heap().Shape());
  }
  std::size_t shapes() const { return shapes_.size(); }

 private:
  const SimulatedRun& run_;
  Guidance guidance_;
  std::set<std::uint64_t> shapes_;
};

std::size_t ShapesReached(Keep keep, std::uint64_t seed, std::uint64_t operations) {
  SimulatedRun run;
  ShapeCounter counter(run);
  run.Observe(&counter);
  Hunt hunt(keep, seed);
  for (std::uint64_t performed = 0; performed < operations;) {
    const Case c = hunt.Next();
    performed += run.Run(c).judgement.performed;
    hunt.Ran();
  }
  return counter.shapes();
}

template <typename Function>
void Find(void* library, const char* name, Function** function) {
  *function = reinterpret_cast<Function*>(dlsym(library, name));
  if (*function == nullptr) throw std::runtime_error(std::string("no ") + name);
}

MallocFamily FamilyOf(const std::string& path) {
  void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw std::runtime_error(dlerror());
  MallocFamily family = {};
  Find(library, "malloc", &family.malloc);
  Find(library, "calloc", &family.calloc);
  Find(library, "realloc", &family.realloc);
  Find(library, "reallocarray", &family.reallocarray);
  Find(library, "free", &family.free);
  Find(library, "memalign", &family.memalign);
  Find(library, "aligned_alloc", &family.aligned_alloc);
  Find(library, "posix_memalign", &family.posix_memalign);
  Find(library, "valloc", &family.valloc);
  Find(library, "pvalloc", &family.pvalloc);
  Find(library, "malloc_usable_size", &family.malloc_usable_size);
  return family;
}

// Operations until the first violation, crash or hang; 0 if there was none. In a process of its own.
std::uint64_t OperationsToFind(const std::string& library, Keep keep, std::uint64_t seed, std::uint64_t operations) {
  auto* const performed = static_cast<volatile std::uint64_t*>(
      mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  const pid_t child = fork();
  if (child == 0) {
    constexpr unsigned kHangSeconds = 10;
    const MallocFamily family = FamilyOf(library);
    Hunt hunt(keep, seed);
    Guidance guidance;
    while (*performed < operations) {
      const Case c = hunt.Next();
      alarm(kHangSeconds);
      const Judgement judgement = RunInProcess(c, family, &guidance);
      *performed = *performed + judgement.performed + 1;
      if (!judgement.violations.empty()) _exit(1);
      hunt.Ran();
    }
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  const std::uint64_t result = status == 0 ? 0 : *performed;
  munmap(const_cast<std::uint64_t*>(performed), 4096);
  return result;
}

std::uint64_t Median(std::vector<std::uint64_t> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

void CompareShapes(std::uint64_t operations, std::uint64_t seeds) {
  std::printf("shapes of the production heap within %llu operations\n%-8s", static_cast<unsigned long long>(operations), "kept");
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) std::printf("  seed %llu", static_cast<unsigned long long>(seed));
  std::printf("   median\n");
  for (const Keep keep : {Keep::kGuided, Keep::kRandom, Keep::kNone}) {
    std::vector<std::uint64_t> shapes;
    std::printf("%-8s", kKeepNames[static_cast<int>(keep)]);
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
      shapes.push_back(ShapesReached(keep, seed, operations));
      std::printf("%8llu", static_cast<unsigned long long>(shapes.back()));
      std::fflush(stdout);
    }
    std::printf(" %8llu\n", static_cast<unsigned long long>(Median(shapes)));
  }
}

void CompareKills(const std::vector<std::string>& libraries, std::uint64_t operations, std::uint64_t seeds) {
  std::printf("\nfound within %llu operations (of %llu seeds), and the median of operations needed\n%-28s",
              static_cast<unsigned long long>(operations), static_cast<unsigned long long>(seeds), "");
  for (const char* name : kKeepNames) std::printf("  %16s", name);
  std::printf("\n");
  std::uint64_t found_by[3] = {};
  for (const std::string& library : libraries) {
    std::printf("%-28s", library.substr(library.rfind('/') + 1).c_str());
    for (const Keep keep : {Keep::kGuided, Keep::kRandom, Keep::kNone}) {
      std::vector<std::uint64_t> needed;
      std::uint64_t found = 0;
      for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        const std::uint64_t one = OperationsToFind(library, keep, seed, operations);
        found += one != 0;
        needed.push_back(one != 0 ? one : operations);
      }
      found_by[static_cast<int>(keep)] += found;
      std::printf("  %2llu of %2llu %8llu", static_cast<unsigned long long>(found),
                  static_cast<unsigned long long>(seeds), static_cast<unsigned long long>(Median(needed)));
      std::fflush(stdout);
    }
    std::printf("\n");
  }
  std::printf("%-28s", "found in all");
  for (const std::uint64_t found : found_by) std::printf("  %16llu", static_cast<unsigned long long>(found));
  std::printf("\n");
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t operations = 100000, seeds = 5;
  std::vector<std::string> libraries;
  CLI::App app("What the extra counters are worth");
  app.add_option("--operations", operations, "In each run")->capture_default_str();
  app.add_option("--seeds", seeds, "Runs of each kind")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("LIBRARY", libraries, "Shared libraries with a defective malloc family");
  CLI11_PARSE(app, argc, argv);
  CompareShapes(operations, seeds);
  if (!libraries.empty()) CompareKills(libraries, operations, seeds);
  return 0;
}
