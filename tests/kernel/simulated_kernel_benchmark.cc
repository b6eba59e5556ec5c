// What a reset and a call of the simulated kernel cost. bazel run //tests/kernel:simulated_kernel_benchmark
#include <benchmark/benchmark.h>
#include <sys/mman.h>

#include <chrono>

#include "harness/kernel/simulated/simulated_kernel.h"

namespace breakproof::harness {
namespace {

constexpr int kPrivateAnonymous = MAP_PRIVATE | MAP_ANONYMOUS;

// The reset alone, after a run that grew the break once, mapped twice and touched `pages` pages of the heap.
void BM_ResetAfterRun(benchmark::State& state) {
  SimulatedKernel kernel;
  const KernelTable table = kernel.table();
  const auto pages = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    auto* heap = static_cast<char*>(table.sbrk(table.context, 132 << 10));
    table.mmap(table.context, nullptr, 1 << 20, PROT_READ | PROT_WRITE, kPrivateAnonymous, -1, 0);
    table.mmap(table.context, nullptr, 1 << 20, PROT_READ | PROT_WRITE, kPrivateAnonymous, -1, 0);
    for (std::size_t i = 0; i < pages; ++i) heap[i * model::kPage] = 1;
    const auto start = std::chrono::steady_clock::now();
    kernel.Reset();
    state.SetIterationTime(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
}
BENCHMARK(BM_ResetAfterRun)->Arg(0)->Arg(1)->Arg(33)->UseManualTime();

void BM_ResetOfUntouched(benchmark::State& state) {
  SimulatedKernel kernel;
  for (auto _ : state) kernel.Reset();
}
BENCHMARK(BM_ResetOfUntouched);

void BM_SbrkUpAndDown(benchmark::State& state) {
  SimulatedKernel kernel;
  const KernelTable table = kernel.table();
  for (auto _ : state) {
    table.sbrk(table.context, 132 << 10);
    table.sbrk(table.context, -(132 << 10));
    if (kernel.log().size() > 10'000) kernel.Reset();
  }
}
BENCHMARK(BM_SbrkUpAndDown);

void BM_MmapAndMunmap(benchmark::State& state) {
  SimulatedKernel kernel;
  const KernelTable table = kernel.table();
  for (auto _ : state) {
    void* p = table.mmap(table.context, nullptr, 1 << 20, PROT_READ | PROT_WRITE, kPrivateAnonymous, -1, 0);
    table.munmap(table.context, p, 1 << 20);
    if (kernel.log().size() > 10'000) kernel.Reset();
  }
}
BENCHMARK(BM_MmapAndMunmap);

}  // namespace
}  // namespace breakproof::harness

BENCHMARK_MAIN();
