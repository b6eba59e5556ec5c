// The allocator's Word and Bool in the proofs of its steps: terms of the Z3 solver over the integers.
//
// A Word is an integer from 0 to 2^64 - 1. Integers and not bit-vectors, because the steps add and compare addresses,
// which the solver decides far sooner so: a step of malloc took 0.7 s, and 39 s by bits. Nothing is lost by it:
//   - a sum or difference of two such numbers is off by 2^64 at most once, so that one case distinction wraps it exactly
//     as in C++ (term.cc; the mutants size_limit_forgotten and pvalloc_wraps are wrong by a wrap only, and are refuted);
//   - comparisons and remainders are those of the integers;
//   - functions on bits (RoundUp, RoundDown, IsPowerOfTwo of numbers that are not known) stand for themselves, with the
//     facts that the theorems A1 to A6 prove of the same source in bits, for all inputs;
//   - of products only zero and overflow are known: whatever is proved holds for any low word.
// One thread only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <z3++.h>

namespace breakproof::model::reference {

z3::context& TheContext();

// Facts about the terms made since the last call: to be assumed.
std::vector<z3::expr> TakeFacts();

struct TermBool {
  explicit TermBool(bool value) : expr(TheContext().bool_val(value)) {}
  explicit TermBool(const z3::expr& e) : expr(e) {}
  z3::expr expr;

  friend TermBool operator&&(const TermBool& x, const TermBool& y) { return TermBool(x.expr && y.expr); }
  friend TermBool operator||(const TermBool& x, const TermBool& y) { return TermBool(x.expr || y.expr); }
  friend TermBool operator==(const TermBool& x, const TermBool& y) { return TermBool(x.expr == y.expr); }
  friend TermBool operator!(const TermBool& x) { return TermBool(!x.expr); }
};

struct TermWord {
  TermWord(std::uint64_t value) : expr(TheContext().int_val(value)) {}  // NOLINT: implicit, to mix with literals
  explicit TermWord(const z3::expr& e) : expr(e) {}
  z3::expr expr;

  friend TermWord operator+(const TermWord& x, const TermWord& y);
  friend TermWord operator-(const TermWord& x, const TermWord& y);
  friend TermBool operator==(const TermWord& x, const TermWord& y) { return TermBool(x.expr == y.expr); }
  friend TermBool operator!=(const TermWord& x, const TermWord& y) { return TermBool(x.expr != y.expr); }
  friend TermBool operator<(const TermWord& x, const TermWord& y) { return TermBool(x.expr < y.expr); }
  friend TermBool operator<=(const TermWord& x, const TermWord& y) { return TermBool(x.expr <= y.expr); }
  friend TermBool operator>(const TermWord& x, const TermWord& y) { return TermBool(x.expr > y.expr); }
  friend TermBool operator>=(const TermWord& x, const TermWord& y) { return TermBool(x.expr >= y.expr); }
};

// Any value; the same name is the same value.
TermWord AnyWord(const std::string& name);
TermWord Select(const TermBool& condition, const TermWord& yes, const TermWord& no);

// In place of the templates of model/reference/allocator.h.
TermWord RoundDown(const TermWord& x, const TermWord& unit);  // unit is known
TermWord RoundUp(const TermWord& x, const TermWord& unit);
TermBool IsPowerOfTwo(const TermWord& x);
// Whether x is a multiple of `unit`, a power of two.
TermBool IsMultiple(const TermWord& x, const TermWord& unit);
// The low and the high word of a product: of the low one nothing is known.
TermWord ProductLow(const TermWord& x, const TermWord& y);
TermWord ProductHigh(const TermWord& x, const TermWord& y);

}  // namespace breakproof::model::reference
