// A reserved range of addresses in which the effects that the model decided are carried out on real pages.
#pragma once

#include <map>
#include <vector>

#include "model/mapping/state.h"

namespace breakproof::harness {

// What a page offered by MADV_FREE shows until it is stored to: rule M74 allows both.
enum class OfferedPages { kDropped, kKept };

// What is not mapped in the model is inaccessible here, so that a stray access faults at the guilty
// instruction. A real call that fails means that the harness can not go on: it prints why and aborts.
class RealPages {
 public:
  // Reserves `size` bytes at `preferred`, or elsewhere if that is taken. Aborts if there is no room.
  RealPages(model::Word preferred, model::Word size);
  ~RealPages();
  RealPages(const RealPages&) = delete;
  RealPages& operator=(const RealPages&) = delete;

  model::Range range() const { return range_; }
  void Carry(const model::State& state, const std::vector<model::Effect>& effects, OfferedPages offered);

  // Everything inaccessible again, contents gone. Cost: one system call and the pages that were in use.
  void Reset();

 private:
  void Reserve(model::Range range);
  void Map(const model::State& state, const model::Effect& effect);
  void Move(const model::Effect& effect);
  void Punch(const model::State& state, model::Range range);
  int FileOf(const model::State& state, int object);

  model::Range range_;
  std::map<int, int> files_;  // memory files behind shared anonymous objects
};

}  // namespace breakproof::harness
