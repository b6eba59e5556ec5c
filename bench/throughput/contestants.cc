#include "bench/throughput/contestants.h"

#include <memory>
#include <utility>

#include "bench/throughput/bare.h"
#include "bench/throughput/shadow_map.h"
#include "harness/case/case_binary.h"
#include "harness/kernel/simulated/simulated_kernel.h"
#include "harness/subject/in_process.h"
#include "harness/subject/production/production_heap.h"
#include "harness/subject/production/simulated_run.h"

#if __has_feature(address_sanitizer)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
#endif

namespace breakproof::bench {
namespace {

#if __has_feature(address_sanitizer)

// The fuzz target's heap and kernel, and nobody who looks at them.
class FreshHeap : harness::KernelObserver {
 public:
  void Run(const harness::Case& c) {
    kernel_.Reset();
    heap_.Reset();
    heap_.SwitchTo(0);
    program_.Run(c);
  }

 private:
  void Before(const model::KernelCall&) override {}
  void After(const model::KernelCall&, bool, std::uint64_t) override {}
  void MetadataRefused() override {}

  harness::SimulatedKernel kernel_{{.guards_mappings = true, .unmapped = harness::Unmapped::kHidden}};
  harness::ProductionHeap heap_{&kernel_, this};
  Program program_{harness::ProductionHeap::family()};
};

// As libFuzzer hands it over.
using Input = std::vector<std::uint8_t>;

Contestant OnInputs(const char* name, const char* what, std::function<void(const Input&)> run) {
  return {name, what, [run = std::move(run), inputs = std::vector<Input>(), of = std::string()](const Mix& mix) mutable {
            if (of != mix.name) {
              inputs.clear();
              for (const harness::Case& c : mix.cases) inputs.push_back(EncodeCase(c));
              of = mix.name;
            }
            for (const Input& input : inputs) run(input);
          }};
}

#else

Contestant Bare(const char* name, const char* what, const harness::MallocFamily& family) {
  const auto program = std::make_shared<Program>(family);
  return {name, what, [program](const Mix& mix) {
            for (const harness::Case& c : mix.cases) program->Run(c);
          }};
}

template <typename Map>
Contestant Shadowed(const char* name, const char* what) {
  const auto program = std::make_shared<Program>(BreakproofFamily());
  return {name, what, [program](const Mix& mix) {
            for (const harness::Case& c : mix.cases) {
              Map map;
              program->Run(c, &map);
              if (map.faults() != 0) throw RuleBroken{"the shadow map found a byte in a wrong state"};
            }
          }};
}

Contestant LockStep() {
  const auto run = std::make_shared<harness::SimulatedRun>();
  return {kLockStep, "libbreakproof on the simulated kernel under every model",
          [run](const Mix& mix) {
            for (const harness::Case& c : mix.cases) {
              const harness::Judgement judgement = run->Run(c, {}).judgement;
              if (judgement.violations.empty() && judgement.performed == c.operations.size()) continue;
              throw RuleBroken{"the lock step found a violation, or did not perform every operation"};
            }
          }};
}

#endif

}  // namespace

std::vector<Contestant> Contestants() {
#if __has_feature(address_sanitizer)
  const auto program = std::make_shared<Program>(BreakproofFamily());
  const auto unjudged = std::make_shared<FreshHeap>();
  return {OnInputs(kBare, "the input decoded, its operations performed on libbreakproof of this build, payloads written",
                   [program](const Input& input) { program->Run(harness::DecodeCase(input.data(), input.size())); }),
          OnInputs(kFreshHeap, "the same on a fresh heap and a fresh simulated kernel, as the fuzz target begins, without a judge",
                   [unjudged](const Input& input) { unjudged->Run(harness::DecodeCase(input.data(), input.size())); }),
          OnInputs(kFuzzTarget, "production_fuzz_test on the same input",
                   [](const Input& input) { LLVMFuzzerTestOneInput(input.data(), input.size()); })};
#else
  return {Bare(kBare, "the operations on libbreakproof, payloads written", BreakproofFamily()),
          Bare(kBareMalloc, "the same on the system's malloc", harness::LibcFamily()),
          LockStep(),
          Shadowed<PagedShadowMap>(kPagedShadow, "bare under a shadow map whose pages are found once a page"),
          Shadowed<ShadowMap>(kShadow, "bare under a plain shadow map")};
#endif
}

std::uint32_t OperationsOfACase() {
#if __has_feature(address_sanitizer)
  return 480;
#else
  return 20000;
#endif
}

}  // namespace breakproof::bench
