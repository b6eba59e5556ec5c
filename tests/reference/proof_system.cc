#include "tests/reference/proof_system.h"

#include <cstdio>

#include "tests/reference/invariant.h"

namespace breakproof::model::reference {

ProofSystem::Product ProofSystem::Multiply(Word x, Word y) {
  return {ProductLow(x, y), ProductHigh(x, y)};
}

// The kernel may always refuse; it may grant only what keeps its contract.
bool ProofSystem::Grants(const char* call, Word argument, Word result, Bool contract) {
  const Word wants = prover_.Any("kernel grants call " + std::to_string(answers_.size() + 1));
  const bool granted = prover_.Decide(wants == 1 && contract);
  answers_.push_back({call, granted ? Answered::kGranted : Answered::kRefused, argument, result});
  if (!granted) events_.refused = Bool(true);
  return granted;
}

bool ProofSystem::MoveBreak(Word increment) {
  const Word to = kernel_.program_break + increment;
  const bool raises = Decide(increment <= kMaxBytes);
  Bool contract = raises ? kernel_.program_break <= to && to < kAddressEnd : Bool(true);
  if (raises) {
    for (const Grant& grant : kernel_.grants)
      contract = contract && (!grant.is_held || increment == 0 || Disjoint(grant.start, grant.length, kernel_.program_break, increment));
  } else {
    prover_.Claim("K1: a break lowered is the heap's own", kernel_.program_break == heap_.end && heap_.base <= to && to <= kernel_.program_break);
    for (const auto& block : heap_.blocks)
      prover_.Claim("K1: no block lies in what a lowered break gives back", block.start + block.length <= to);
  }
  if (!Grants("sbrk", increment, to, contract)) return false;
  kernel_.program_break = to;
  events_.moved_break = Bool(true);
  return true;
}

TermBool ProofSystem::MayMapAt(Word start, Word length) const {
  Bool may = IsMultiple(start, kPageBytes) && Inside(start, length, Word(kLowestAddress), Word(kAddressEnd)) &&
             (heap_.base == kernel_.program_break || Disjoint(start, length, heap_.base, kernel_.program_break - heap_.base));
  for (const Grant& grant : kernel_.grants) may = may && (!grant.is_held || Disjoint(start, length, grant.start, grant.length));
  return may;
}

bool ProofSystem::Map(Word length, Word* start) {
  prover_.Claim("K1: mappings are whole pages, no more than PTRDIFF_MAX",
                length != 0 && IsMultiple(length, kPageBytes) && length <= kMaxBytes);
  const Word at = prover_.Any("address of mapping " + std::to_string(answers_.size() + 1));
  if (!Grants("mmap", length, at, MayMapAt(at, length))) return false;
  kernel_.grants.push_back({at, length, Bool(true)});
  *start = at;
  events_.fresh.push_back({at, length});
  return true;
}

void ProofSystem::MustHold(Word start, Word length) {
  Bool held(false);
  for (const Grant& grant : kernel_.grants) held = held || (grant.is_held && grant.start == start && grant.length == length);
  prover_.Claim("K1: only what was mapped is unmapped or remapped", held);
}

void ProofSystem::Release(Word start, Word length) {
  for (Grant& grant : kernel_.grants) grant.is_held = grant.is_held && !(grant.start == start && grant.length == length);
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
  const std::vector<Grant> before = kernel_.grants;
  Release(*start, old_length);  // the new place may overlap the old one
  const Word at = prover_.Any("address of mapping " + std::to_string(answers_.size() + 1));
  if (!Grants("mremap", new_length, at, MayMapAt(at, new_length))) {
    kernel_.grants = before;
    return false;
  }
  kernel_.grants.push_back({at, new_length, Bool(true)});
  *start = at;
  return events_.remapped = true;
}

void ProofSystem::Copy(Word to, Word from, Word bytes) {
  events_.copies.push_back({to, from, bytes});
  prover_.Claim("H4: bytes are copied from one live block to another, inside both",
                IsLive(heap_, to, bytes) && IsLive(heap_, from, bytes) && to != from);
}

void ProofSystem::Clear(Word to, Word bytes) {
  events_.clears.push_back({to, 0, bytes});
  prover_.Claim("H5: bytes are cleared inside a live block", IsLive(heap_, to, bytes));
}

void ProofSystem::Become(const KernelState& kernel, const Events& events, const char* told, Word argument,
                         Word result) {
  kernel_ = kernel;
  events_.moved_break = events_.moved_break || events.moved_break;
  events_.refused = events_.refused || events.refused;
  events_.fresh.insert(events_.fresh.end(), events.fresh.begin(), events.fresh.end());
  answers_.push_back({told, Answered::kAssumed, argument, result});
}

std::string ProofSystem::Tell(const Prover::ValueOf& value_of) const {
  constexpr const char* kFormats[] = {"#   the kernel grants %s(0x%llx): 0x%llx\n",
                                      "#   the kernel refuses %s(0x%llx)\n",
                                      "#   the step %s(0x%llx) returns 0x%llx\n"};
  std::string text;
  for (const Answer& answer : answers_) {
    char line[128];
    const unsigned long long argument = value_of(answer.argument), result = value_of(answer.result);
    std::snprintf(line, sizeof line, kFormats[static_cast<int>(answer.how)], answer.call, argument, result);
    text += line;
  }
  return text;
}

}  // namespace breakproof::model::reference
