#include "tests/reference/assumed_steps.h"

#include <vector>

namespace breakproof::model::reference {
namespace {

// How a step may end, but for the numbers.
struct Ending {
  ProofReply reply;
  std::size_t blocks, mappings;
  std::size_t at;  // in the list of blocks
};

ProofReply Failed(int error) { return {.error = error}; }

std::vector<ProofReply> Replies(const Called& called) {
  if (called.only_frees) return {{}, {.is_misuse = true}};
  return {Failed(ENOMEM), Failed(EINVAL), {}, {.is_zero = true}};
}

std::vector<Ending> Endings(const Called& called, const ProofHeap& before) {
  std::vector<Ending> all;
  for (const ProofReply& reply : Replies(called))
    for (std::size_t blocks = 0; blocks <= before.blocks.size() + kMostNewBlocks; ++blocks)
      for (std::size_t mappings = 0; mappings <= before.mappings.size() + 1; ++mappings)
        for (std::size_t at = 0; at <= before.blocks.size(); ++at)
          if (HasShape(called, before, reply, blocks, mappings) && IsPlace(called, before, blocks, at))
            all.push_back({reply, blocks, mappings, at});
  return all;
}

// The kernel has granted what the books say: the promises leave no choice.
ProofSystem::KernelState KernelOf(const ProofHeap& heap, const TermWord& program_break) {
  ProofSystem::KernelState kernel{program_break, {}};
  for (const auto& m : heap.mappings) kernel.grants.push_back({m.start, m.length, TermBool(true)});
  return kernel;
}

ProofHeap AnyHeap(Prover& prover, const std::string& name, std::size_t blocks, std::size_t mappings) {
  const auto any = [&](const std::string& what) { return prover.Any(name + what); };
  ProofHeap heap{any("base"), any("end"), any("mmap threshold"), any("trim threshold"), {}, {}};
  for (std::size_t i = 0; i < blocks; ++i) {
    const std::string block = "block " + std::to_string(i) + " ";
    heap.blocks.push_back({any(block + "start"), any(block + "length"), any(block + "ours") == 1});
  }
  for (std::size_t i = 0; i < mappings; ++i) {
    const std::string mapping = "mapping " + std::to_string(i) + " ";
    heap.mappings.push_back({any(mapping + "start"), any(mapping + "length"), any(mapping + "block"),
                             any(mapping + "live") == 1});
  }
  return heap;
}

}  // namespace

Moment AnyMoment(Prover& prover, const std::string& name, std::size_t blocks, std::size_t mappings) {
  const ProofHeap heap = AnyHeap(prover, name, blocks, mappings);
  return {heap, KernelOf(heap, prover.Any(name + "break"))};
}

std::string StepFrom(const char* step, std::size_t blocks, std::size_t mappings) {
  return std::string(step) + " from " + std::to_string(blocks) + " blocks and " + std::to_string(mappings) + " mappings";
}

ProofReply AssumedSteps::Perform(const Called& called) {
  Prover& prover = system_.prover();
  const std::string name = "step " + std::to_string(++steps_) + " ";
  const Moment before{heap_, system_.kernel()};
  for (const Promise& required : Required(called, before)) prover.Require(required.what, required.holds);
  prover.RelyOn(StepFrom(called.entry, heap_.blocks.size(), heap_.mappings.size()));

  const std::vector<Ending> endings = Endings(called, heap_);
  std::size_t which = 0;
  while (which + 1 < endings.size() && !Is(prover.Any(name + "ending") == which)) ++which;
  Ending ending = endings[which];
  ending.reply.address = prover.Any(name + "result");
  ProofHeap heap = AnyHeap(prover, name, ending.blocks, ending.mappings);
  if (ending.reply.error != 0 || ending.reply.is_misuse) heap = heap_;
  else heap = WithKept(called, heap_, heap, ending.at);
  const Moment after{heap, KernelOf(heap, prover.Any(name + "break"))};
  ProofSystem::Events events;
  events.moved_break = prover.Any(name + "moves the break") == 1;
  events.refused = prover.Any(name + "is refused a call") == 1;
  if (ending.reply.is_zero) events.fresh.push_back({prover.Any(name + "fresh start"), prover.Any(name + "fresh length")});

  TermBool all(true);
  for (const Promise& promise : Promises(called, before, after, events, ending.reply)) all = all && promise.holds;
  prover.Suppose(all);
  heap_ = after.heap;
  system_.Become(after.kernel, events, called.entry, called.arguments[0], ending.reply.address);
  return ending.reply;
}

}  // namespace breakproof::model::reference
