#include "tests/reference/proof_system.h"

#include <cstdio>

#include "tests/reference/invariant.h"

namespace breakproof::model::reference {

void ProofSystem::Assume(const Heap<ProofSystem>& heap) {
  heap_ = &heap;
  prover_.Assume(heap.end <= break_ && break_ < kAddressEnd);
  for (const auto& m : heap.mappings) {
    prover_.Assume(heap.end == break_ || Disjoint(m.start, m.length, heap.end, break_ - heap.end));
    grants_.push_back({m.start, m.length, Bool(true)});
  }
}

ProofSystem::Product ProofSystem::Multiply(Word x, Word y) {
  return {ProductLow(x, y), ProductHigh(x, y)};
}

// The kernel may always refuse; it may grant only what keeps its contract.
bool ProofSystem::Grants(const char* call, Word argument, Word result, Bool contract) {
  const Word wants = prover_.Any("kernel grants call " + std::to_string(answers_.size() + 1));
  const bool granted = prover_.Decide(wants == 1 && contract);
  answers_.push_back({call, granted, argument, result});
  refusals_ += !granted;
  return granted;
}

bool ProofSystem::MoveBreak(Word increment) {
  const Word to = break_ + increment;
  const bool raises = Decide(increment <= kMaxBytes);
  Bool contract = raises ? break_ <= to && to < kAddressEnd : Bool(true);
  if (raises) {
    for (const Grant& grant : grants_)
      contract = contract && (!grant.is_held || increment == 0 || Disjoint(grant.start, grant.length, break_, increment));
  } else {
    prover_.Claim("K1: a break lowered is the heap's own", break_ == heap_->end && heap_->base <= to && to <= break_);
    for (const auto& block : heap_->blocks)
      prover_.Claim("K1: no block lies in what a lowered break gives back", block.start + block.length <= to);
  }
  if (!Grants("sbrk", increment, to, contract)) return false;
  break_ = to;
  return moved_break_ = true;
}

TermBool ProofSystem::MayMapAt(Word start, Word length) const {
  Bool may = IsMultiple(start, kPageBytes) && Inside(start, length, Word(kLowestAddress), Word(kAddressEnd)) &&
             (heap_->base == break_ || Disjoint(start, length, heap_->base, break_ - heap_->base));
  for (const Grant& grant : grants_) may = may && (!grant.is_held || Disjoint(start, length, grant.start, grant.length));
  return may;
}

bool ProofSystem::Map(Word length, Word* start) {
  prover_.Claim("K1: mappings are whole pages, no more than PTRDIFF_MAX",
                length != 0 && IsMultiple(length, kPageBytes) && length <= kMaxBytes);
  const Word at = prover_.Any("address of mapping " + std::to_string(answers_.size() + 1));
  if (!Grants("mmap", length, at, MayMapAt(at, length))) return false;
  grants_.push_back({at, length, Bool(true)});
  *start = at;
  return mapped_ = true;
}

void ProofSystem::MustHold(Word start, Word length) {
  Bool held(false);
  for (const Grant& grant : grants_) held = held || (grant.is_held && grant.start == start && grant.length == length);
  prover_.Claim("K1: only what was mapped is unmapped or remapped", held);
}

void ProofSystem::Release(Word start, Word length) {
  for (Grant& grant : grants_) grant.is_held = grant.is_held && !(grant.start == start && grant.length == length);
}

bool ProofSystem::Unmap(Word start, Word length) {
  MustHold(start, length);
  if (!Grants("munmap", start, length, Bool(true))) return false;
  Release(start, length);
  return true;
}

bool ProofSystem::Remap(Word* start, Word old_length, Word new_length) {
  MustHold(*start, old_length);
  prover_.Claim("K1: a mapping keeps at least one page, and no more than PTRDIFF_MAX",
                new_length != 0 && IsMultiple(new_length, kPageBytes) && new_length <= kMaxBytes);
  const std::vector<Grant> before = grants_;
  Release(*start, old_length);  // the new place may overlap the old one
  const Word at = prover_.Any("address of mapping " + std::to_string(answers_.size() + 1));
  if (!Grants("mremap", new_length, at, MayMapAt(at, new_length))) {
    grants_ = before;
    return false;
  }
  grants_.push_back({at, new_length, Bool(true)});
  *start = at;
  return remapped_ = true;
}

TermBool ProofSystem::IsLive(Word address, Word bytes) const {
  Bool live(false);
  for (const auto& b : heap_->blocks) live = live || (b.is_ours && b.start == address && bytes <= b.length);
  for (const auto& m : heap_->mappings)
    live = live || (m.is_live && m.block == address && bytes <= m.start + m.length - m.block);
  return live;
}

void ProofSystem::Copy(Word to, Word from, Word bytes) {
  copies_.push_back({to, from, bytes});
  prover_.Claim("H4: bytes are copied from one live block to another, inside both",
                IsLive(to, bytes) && IsLive(from, bytes) && to != from);
}

void ProofSystem::Clear(Word to, Word bytes) {
  clears_.push_back({to, 0, bytes});
  prover_.Claim("H5: bytes are cleared inside a live block", IsLive(to, bytes));
}

std::string ProofSystem::Tell(const Prover::ValueOf& value_of) const {
  std::string text;
  for (const Answer& answer : answers_) {
    char line[128];
    const unsigned long long argument = value_of(answer.argument), result = value_of(answer.result);
    std::snprintf(line, sizeof line, answer.is_granted ? "#   the kernel grants %s(0x%llx): 0x%llx\n"
                                                       : "#   the kernel refuses %s(0x%llx)\n",
                  answer.call, argument, result);
    text += line;
  }
  return text;
}

}  // namespace breakproof::model::reference
