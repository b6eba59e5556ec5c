// Which blocks are live after each operation, who made them and which slot names them: replayed from what was
// seen, as the executor kept its own books.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "harness/explain/trace.h"

namespace breakproof::harness {

struct LiveBlock {
  std::uint32_t maker = 0;    // index of the operation that made it
  std::uint64_t address = 0;
  std::uint64_t payload = 0;  // bytes asked for
  std::uint64_t usable = 0;   // at least payload
  std::string slot;           // its name now; empty if none
};

// A block that was freed, or moved by realloc.
struct DeadBlock {
  LiveBlock block;
  std::uint32_t ended_by = 0;  // index
};

class BlockHistory {
 public:
  explicit BlockHistory(const Trace& trace) : trace_(trace), slots_(trace.c.slot_names.size(), kNoBlock) {}

  // As it is when this many operations were performed. Forwards only.
  void AdvanceTo(std::size_t performed);

  // By maker.
  const std::map<std::uint32_t, LiveBlock>& live() const { return live_; }
  const std::vector<DeadBlock>& dead() const { return dead_; }
  std::uint64_t live_bytes() const;

 private:
  static constexpr std::uint32_t kNoBlock = UINT32_MAX;

  void Step(std::uint32_t index);
  void End(std::uint32_t maker, std::uint32_t by);

  const Trace& trace_;
  std::size_t performed_ = 0;
  std::map<std::uint32_t, LiveBlock> live_;
  std::vector<DeadBlock> dead_;
  std::vector<std::uint32_t> slots_;  // maker of the block that a slot holds
};

// Bytes that the caller of an allocating operation may use, as the model has it.
std::uint64_t PayloadOf(const Operation& operation);

}  // namespace breakproof::harness
