// What a distribution computes. Distribution (<xgrad/distributions/distribution.hpp>) checks shapes and values, says
// which line called, and hands on to its law, which therefore need not.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include <xgrad/distributions/distribution.hpp>
#include <xgrad/ops.hpp>

namespace xgrad::detail {

enum class LawKind {
  normal,
  log_normal,
  half_normal,
  laplace,
  cauchy,
  gumbel,
  student_t,
  uniform,
  exponential,
  gamma,
  beta,
  bernoulli,
  geometric,
  binomial,
  poisson,
  categorical,
  one_hot_categorical,
  multinomial,
  multivariate_normal,
  dirichlet,
  independent
};

using MaybeGenerator = std::optional<Generator>;

struct Law {
  std::vector<Tensor> p;        // parameters: the batch, then the dimensions of each
  std::vector<int> ranks = {};  // how many dimensions each has of its own; left out: none
  Shape batch = {}, event = {};
  bool validate = true;

  Law() = default;
  virtual ~Law() = default;
  virtual LawKind kind() const = 0;
  virtual const char* name() const = 0;
  virtual std::shared_ptr<Law> copy() const = 0;
  // The same law of parameters that are expanded.
  virtual std::shared_ptr<Law> expanded(const Shape& to) const;

  virtual bool has_rsample() const { return false; }
  virtual bool has_enumerate_support() const { return false; }
  // Draws of this shape, which ends in the batch and the event.
  virtual Tensor sample(const Shape& shape, const MaybeGenerator& g) const { return rsample(shape, g); }
  virtual Tensor rsample(const Shape& shape, const MaybeGenerator& g) const;
  virtual Tensor log_prob(const Tensor& v) const = 0;
  virtual Tensor entropy() const;
  virtual Tensor mean() const;
  virtual Tensor variance() const;
  virtual Tensor mode() const;
  virtual Tensor cdf(const Tensor& v) const;
  virtual Tensor icdf(const Tensor& v) const;
  virtual Tensor enumerate_support(bool expand) const;
  virtual Tensor probs() const;
  virtual Tensor logits() const;

  // Which values (a bool for each, or for each event) it has, and how a message calls them.
  virtual Tensor has_value(const Tensor& v) const { return eq(v, v); }
  virtual std::string support() const { return "a number"; }
  // A value as log_prob and cdf take it.
  virtual Tensor as_value(const Tensor& v) const { return v.is_floating_point() ? v : v.to(p[0].dtype()); }

 protected:
  Law(const Law&) = default;
  [[noreturn]] void lacks(const char* what) const;
  // The values 0, 1, ..., count - 1 of a law of numbers, for enumerate_support().
  Tensor enumerate_numbers(std::int64_t count, DType dtype, bool expand) const;
};

template <class L>
struct LawOf : Law {
  std::shared_ptr<Law> copy() const override { return std::make_shared<L>(static_cast<const L&>(*this)); }
};

// ---- making laws ----

struct NamedParam {
  const char* name;
  const distributions::Param& value;
};
// The parameters as floating tensors of one type and one shape, which is the batch of the law. DTypeError, ShapeError.
void set_parameters(Law& law, std::initializer_list<NamedParam> params, const Location& at);
// ValueError "scale must be positive, got -1" unless all are true.
void require_parameter(const Law& law, const char* what, const Tensor& value, const Tensor& holds, const char* rule,
                       const Location& at);
inline void require_positive(const Law& law, const char* what, const Tensor& value, const Location& at) {
  if (law.validate) require_parameter(law, what, value, gt(value, 0), "positive", at);
}
inline void require_not_nan(const Law& law, const char* what, const Tensor& value, const Location& at) {
  if (law.validate) require_parameter(law, what, value, eq(value, value), "a number", at);
}

// ---- pieces of formulas ----

inline constexpr double kLogTwoPi = 1.83787706640934548356, kLogPi = 1.14472988584940017414,
                        kEulerGamma = 0.57721566490153286061;

// Whether numbers are 0, 1, 2, ...
inline Tensor is_count(const Tensor& v) { return logical_and(ge(v, 0), eq(v, floor(v))); }
inline Tensor log_beta(const Tensor& a, const Tensor& b) { return lgamma(a) + lgamma(b) - lgamma(a + b); }
// Draws of exp(1), uniform numbers, normal numbers, in the type of x.
inline Tensor draw_exponential(const Tensor& x, const Shape& s, const MaybeGenerator& g) {
  return exponential(1, s, {.dtype = x.dtype(), .generator = g});
}
inline Tensor draw_uniform(const Tensor& x, const Shape& s, const MaybeGenerator& g) {
  return rand(s, {.dtype = x.dtype(), .generator = g});
}
inline Tensor draw_normal(const Tensor& x, const Shape& s, const MaybeGenerator& g) {
  return randn(s, {.dtype = x.dtype(), .generator = g});
}
// The least positive number of the type, and the distance of 1 from the next.
double tiny(const Tensor& x);
double epsilon(const Tensor& x);
// Probabilities away from 0 and 1 by a rounding error, so that their logarithms are finite.
inline Tensor inner_probs(const Tensor& probs) { return clamp(probs, epsilon(probs), 1 - epsilon(probs)); }
inline Shape joined(const Shape& a, const Shape& b) {
  Shape s = a;
  for (const std::int64_t n : b) s.push_back(n);
  return s;
}
// The last n dimensions summed.
Tensor sum_last(const Tensor& x, std::int64_t n);
// |L^-1 x|^2 of vectors x (..., d), and log det L.
Tensor squared_length(const Tensor& tril, const Tensor& x);
Tensor half_log_determinant(const Tensor& tril);

// ---- what an Independent is made of ----
const Law& base_of(const Law& independent);
std::int64_t event_dims_of(const Law& independent);

}  // namespace xgrad::detail

namespace xgrad::distributions {
std::shared_ptr<const xgrad::detail::Law> law_of(const Distribution& d);
}
