#include "tests/reference/term.h"

#include <utility>

#include "tests/reference/subject.h"

namespace breakproof::model::reference {
namespace {

std::vector<z3::expr>& Facts() {
  static std::vector<z3::expr>& facts = *new std::vector<z3::expr>;
  return facts;
}

z3::expr Number(std::uint64_t value) { return TheContext().int_val(value); }

const z3::expr& Modulus() {  // 2^64
  static const z3::expr& modulus = *new z3::expr(TheContext().int_val("18446744073709551616"));
  return modulus;
}

bool IsKnown(const TermWord& x) { return x.expr.is_numeral(); }

z3::expr InRange(const z3::expr& x) { return x >= 0 && x < Modulus(); }

TermWord Function(const char* name, const TermWord& x, const TermWord& y) {
  const z3::sort integers = TheContext().int_sort();
  const TermWord result(TheContext().function(name, integers, integers, integers)(x.expr, y.expr));
  Facts().push_back(InRange(result.expr));
  return result;
}

z3::expr Multiple(const z3::expr& x, std::uint64_t unit) { return z3::mod(x, Number(unit)) == 0; }

}  // namespace

z3::context& TheContext() {
  static z3::context& context = *new z3::context;
  return context;
}

std::vector<z3::expr> TakeFacts() { return std::exchange(Facts(), {}); }

TermWord operator+(const TermWord& x, const TermWord& y) {
  const z3::expr sum = x.expr + y.expr;
  return TermWord(z3::ite(sum < Modulus(), sum, sum - Modulus()).simplify());
}

TermWord operator-(const TermWord& x, const TermWord& y) {
  const z3::expr difference = x.expr - y.expr;
  return TermWord(z3::ite(difference >= 0, difference, difference + Modulus()).simplify());
}

TermWord AnyWord(const std::string& name) {
  const TermWord word(TheContext().int_const(name.c_str()));
  Facts().push_back(InRange(word.expr));
  return word;
}

TermWord Select(const TermBool& condition, const TermWord& yes, const TermWord& no) {
  return TermWord(z3::ite(condition.expr, yes.expr, no.expr));
}

TermWord RoundDown(const TermWord& x, const TermWord& unit) {  // A1
  return TermWord(x.expr - z3::mod(x.expr, unit.expr));
}

TermWord RoundUp(const TermWord& x, const TermWord& unit) {
  if (IsKnown(unit)) return RoundDown(x + (unit - 1), unit);  // A2
  const TermWord result = Function("round_up", x, unit);
  const z3::expr usable = IsPowerOfTwo(unit).expr && x.expr + unit.expr <= Modulus();
  const auto fact = [&](const z3::expr& condition, const z3::expr& conclusion) {
    Facts().push_back(z3::implies(usable && condition, conclusion));
  };
  const z3::expr always = TheContext().bool_val(true);
  fact(always, result.expr >= x.expr && result.expr < x.expr + unit.expr);                   // A3
  fact(always, IsMultiple(result, unit).expr);                                               // A3
  fact(unit.expr >= 16, Multiple(result.expr, 16) && Multiple(unit.expr, 16));               // A4
  fact(unit.expr >= 4096, Multiple(result.expr, 4096) && Multiple(unit.expr, 4096));         // A4
  fact(unit.expr <= 4096 && Multiple(x.expr, 4096), result.expr == x.expr);                  // A5
  return result;
}

TermBool IsPowerOfTwo(const TermWord& x) {
  if (IsKnown(x)) return TermBool(IsPowerOfTwo<std::uint64_t>(x.expr.get_numeral_uint64()));
  const TermBool is(TheContext().function("is_power_of_two", TheContext().int_sort(), TheContext().bool_sort())(x.expr));
  Facts().push_back(z3::implies(is.expr, x.expr != 0));  // A6
  // A6, for the small numbers that counterexamples are made of.
  for (const int power : {1, 2, 4, 8, 16}) Facts().push_back(z3::implies(x.expr == power, is.expr));
  Facts().push_back(z3::implies(is.expr && x.expr >= 8, Multiple(x.expr, 8)));
  Facts().push_back(z3::implies(is.expr && x.expr < 8, !Multiple(x.expr, 8)));
  return is;
}

TermBool IsMultiple(const TermWord& x, const TermWord& unit) {
  if (IsKnown(unit)) return TermBool(z3::mod(x.expr, unit.expr) == 0);
  const z3::sort integers = TheContext().int_sort();
  const TermBool is(TheContext().function("is_multiple", integers, integers, TheContext().bool_sort())(x.expr, unit.expr));
  const z3::expr small = IsPowerOfTwo(unit).expr && unit.expr <= 16;
  Facts().push_back(z3::implies(small && Multiple(x.expr, 16), is.expr));  // A4
  return is;
}

TermWord ProductLow(const TermWord& x, const TermWord& y) {
  const TermWord low = Function("product_low", x, y);
  Facts().push_back(z3::implies(x.expr == 0 || y.expr == 0, low.expr == 0));
  return low;
}

TermWord ProductHigh(const TermWord& x, const TermWord& y) {
  const TermWord high = Function("product_high", x, y);
  Facts().push_back(z3::implies(x.expr <= 1 || y.expr <= 1, high.expr == 0));
  return high;
}

}  // namespace breakproof::model::reference
