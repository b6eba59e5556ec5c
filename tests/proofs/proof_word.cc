#include "tests/proofs/proof_word.h"

#include <z3++.h>

namespace breakproof::proofs {
namespace {

constexpr unsigned kBits = 64;

// Everything that lives as long as the process.
struct Terms {
  z3::context context;
  std::vector<z3::expr> all;
  std::vector<ProofBool> definedness;
};

Terms& TheTerms() {
  static Terms& terms = *new Terms;
  return terms;
}

z3::expr Number(std::uint64_t value) { return TheTerms().context.bv_val(value, kBits); }

}  // namespace

// The only way between the handles and Z3.
struct TermAccess {
  template <typename Handle>
  static z3::expr Get(Handle handle) {
    return TheTerms().all[handle.term_];
  }

  template <typename Handle>
  static Handle Make(const z3::expr& expr) {
    Handle handle;
    handle.term_ = TheTerms().all.size();
    TheTerms().all.push_back(expr);
    return handle;
  }
};

namespace {

template <typename Handle>
z3::expr Get(Handle handle) {
  return TermAccess::Get(handle);
}

ProofWord MakeWord(const z3::expr& expr) { return TermAccess::Make<ProofWord>(expr); }
ProofBool MakeBool(const z3::expr& expr) { return TermAccess::Make<ProofBool>(expr); }

void RequireDefined(const z3::expr& condition) {
  TheTerms().definedness.push_back(MakeBool(condition));
}

}  // namespace

ProofBool::ProofBool(bool value) { *this = MakeBool(TheTerms().context.bool_val(value)); }
ProofBool operator&&(ProofBool x, ProofBool y) { return MakeBool(Get(x) && Get(y)); }
ProofBool operator||(ProofBool x, ProofBool y) { return MakeBool(Get(x) || Get(y)); }
ProofBool operator!(ProofBool x) { return MakeBool(!Get(x)); }
ProofBool operator==(ProofBool x, ProofBool y) { return MakeBool(Get(x) == Get(y)); }

ProofWord::ProofWord(std::uint64_t value) { *this = MakeWord(Number(value)); }
ProofWord operator+(ProofWord x, ProofWord y) { return MakeWord(Get(x) + Get(y)); }
ProofWord operator-(ProofWord x, ProofWord y) { return MakeWord(Get(x) - Get(y)); }
ProofWord operator*(ProofWord x, ProofWord y) { return MakeWord(Get(x) * Get(y)); }
ProofWord operator&(ProofWord x, ProofWord y) { return MakeWord(Get(x) & Get(y)); }
ProofWord operator|(ProofWord x, ProofWord y) { return MakeWord(Get(x) | Get(y)); }
ProofWord operator~(ProofWord x) { return MakeWord(~Get(x)); }
ProofBool operator==(ProofWord x, ProofWord y) { return MakeBool(Get(x) == Get(y)); }
ProofBool operator!=(ProofWord x, ProofWord y) { return MakeBool(Get(x) != Get(y)); }

// Z3's own operators are signed, hence the names.
ProofBool operator<(ProofWord x, ProofWord y) { return MakeBool(z3::ult(Get(x), Get(y))); }
ProofBool operator<=(ProofWord x, ProofWord y) { return MakeBool(z3::ule(Get(x), Get(y))); }
ProofBool operator>(ProofWord x, ProofWord y) { return MakeBool(z3::ugt(Get(x), Get(y))); }
ProofBool operator>=(ProofWord x, ProofWord y) { return MakeBool(z3::uge(Get(x), Get(y))); }

// C++ leaves these undefined for some operands where Z3 does not.
ProofWord operator/(ProofWord x, ProofWord y) {
  RequireDefined(Get(y) != 0);
  return MakeWord(z3::udiv(Get(x), Get(y)));
}
ProofWord operator%(ProofWord x, ProofWord y) {
  RequireDefined(Get(y) != 0);
  return MakeWord(z3::urem(Get(x), Get(y)));
}
ProofWord operator<<(ProofWord x, ProofWord amount) {
  RequireDefined(z3::ult(Get(amount), kBits));
  return MakeWord(z3::shl(Get(x), Get(amount)));
}
ProofWord operator>>(ProofWord x, ProofWord amount) {
  RequireDefined(z3::ult(Get(amount), kBits));
  return MakeWord(z3::lshr(Get(x), Get(amount)));
}

ProofWord Variable(const std::string& name) {
  return MakeWord(TheTerms().context.bv_const(name.c_str(), kBits));
}

ProofWord Wide(ProofWord x) { return MakeWord(z3::zext(Get(x), kBits)); }

std::vector<ProofBool> TakeDefinedness() {
  std::vector<ProofBool> taken;
  taken.swap(TheTerms().definedness);
  return taken;
}

Answer Solve(const std::vector<ProofBool>& assumptions, ProofBool claim,
             const std::vector<ProofWord>& variables, unsigned timeout_milliseconds,
             std::vector<std::uint64_t>* values) {
  if (Get(claim).simplify().is_true()) return Answer::kHolds;
  z3::context& context = TheTerms().context;
  z3::solver solver(context, "QF_BV");
  z3::params params(context);
  params.set("timeout", timeout_milliseconds);
  solver.set(params);
  for (const ProofBool& assumption : assumptions) solver.add(Get(assumption));
  solver.add(!Get(claim));
  switch (solver.check()) {
    case z3::unsat:
      return Answer::kHolds;
    case z3::unknown:
      return Answer::kUnknown;
    case z3::sat:
      break;
  }
  const z3::model model = solver.get_model();
  values->clear();
  for (const ProofWord& variable : variables) {
    values->push_back(model.eval(Get(variable), /*model_completion=*/true).get_numeral_uint64());
  }
  return Answer::kFails;
}

}  // namespace breakproof::proofs

namespace breakproof::arithmetic {

using proofs::Get;
using proofs::MakeBool;
using proofs::MakeWord;
using proofs::ProofBool;
using proofs::ProofWord;

ProofWord WordPolicy<ProofWord>::Select(ProofBool condition, ProofWord yes, ProofWord no) {
  return MakeWord(z3::ite(Get(condition), Get(yes), Get(no)));
}

// Binary search for the upper half that is not zero. x != 0 is a precondition of the production
// policy.
ProofWord WordPolicy<ProofWord>::HighestBit(ProofWord x) {
  proofs::RequireDefined(Get(x) != 0);
  z3::expr rest = Get(x);
  z3::expr result = proofs::Number(0);
  for (std::uint64_t half = 32; half > 0; half /= 2) {
    const z3::expr upper = z3::lshr(rest, proofs::Number(half));
    const z3::expr is_upper = upper != 0;
    result = z3::ite(is_upper, result | proofs::Number(half), result);
    rest = z3::ite(is_upper, upper, rest);
  }
  return MakeWord(result);
}

Product<ProofWord> WordPolicy<ProofWord>::Multiply(ProofWord x, ProofWord y) {
  const z3::expr product = z3::zext(Get(x), proofs::kBits) * z3::zext(Get(y), proofs::kBits);
  return {MakeWord(product.extract(proofs::kBits - 1, 0)),
          MakeWord(product.extract(2 * proofs::kBits - 1, proofs::kBits))};
}

}  // namespace breakproof::arithmetic
