// Runs a case on the production allocator on the simulated kernel, in a process of its own: a crash or hang of
// the allocator is then a finding like any other.
#pragma once

#include <chrono>
#include <filesystem>

#include "harness/explain/trace.h"
#include "harness/worker/outside/journal.h"

namespace breakproof::harness {

class ProductionTracer {
 public:
  // `folder` holds a journal while it lives. Throws CouldNotRun.
  ProductionTracer(const std::filesystem::path& folder, std::chrono::milliseconds hang_limit);

  // Throw CouldNotRun.
  Judgement Judge(const Case& c);
  // With the allocator's regions and spans after each operation, and its free lists after the guilty one.
  Trace Watch(const Case& c);
  // Up to the operation with this index.
  Trace WatchUntil(const Case& c, std::uint32_t last);

 private:
  // Moments are kept from `first_look` operations on, with free lists from `first_lists` on.
  Trace Run(const Case& c, std::uint32_t first_look, std::uint32_t first_lists);

  std::chrono::milliseconds hang_limit_;
  Journal journal_;
};

}  // namespace breakproof::harness
