// Distributions of integers and of classes. Most are given by probabilities or by logits, one of the two:
//
//   Categorical d({.logits = net(x)});
//   Bernoulli coin(0.5);
//
// None has rsample, cdf or icdf.
#pragma once

#include <xgrad/distributions/distribution.hpp>

namespace xgrad::distributions {

// Exactly one of both is given. Of the distributions of 0 and 1, p is `probs` and log(p / (1 - p)) `logits`; of those
// of classes, `probs` are divided by their sum along the last dimension, and `logits` are what softmax takes there.
struct ProbsOrLogits {
  ByName by_name = ByName();
  std::optional<Param> probs = {};
  std::optional<Param> logits = {};
  bool validate_args = true;
  ProbsOrLogits with(const DistributionOptions& more) const {
    ProbsOrLogits both = *this;
    both.validate_args = validate_args && more.validate_args;
    return both;
  }
};

// 1 with probability p, else 0. The mode is NaN for p = 1/2. enumerate_support.
class XGRAD_API Bernoulli : public DistributionOf<Bernoulli> {
 public:
  explicit Bernoulli(const Param& probs, DistributionOptions o = {}, Location at = Location::current());
  explicit Bernoulli(ProbsOrLogits o, Location at = Location::current());
  Bernoulli(const ProbsOrLogits& o, DistributionOptions more, Location at = Location::current())
      : Bernoulli(o.with(more), at) {}
  Tensor probs() const { return probabilities(); }
  Tensor logits() const { return log_odds(); }

 private:
  friend DistributionOf<Bernoulli>;
  explicit Bernoulli(xgrad::detail::LawHandle made) : DistributionOf(std::move(made)) {}
};

// How many trials of probability p fail before the first success: (1 - p)^k p, k = 0, 1, ...; 0 < p <= 1.
class XGRAD_API Geometric : public DistributionOf<Geometric> {
 public:
  explicit Geometric(const Param& probs, DistributionOptions o = {}, Location at = Location::current());
  explicit Geometric(ProbsOrLogits o, Location at = Location::current());
  Geometric(const ProbsOrLogits& o, DistributionOptions more, Location at = Location::current())
      : Geometric(o.with(more), at) {}
  Tensor probs() const { return probabilities(); }
  Tensor logits() const { return log_odds(); }

 private:
  friend DistributionOf<Geometric>;
  explicit Geometric(xgrad::detail::LawHandle made) : DistributionOf(std::move(made)) {}
};

// How many of total_count trials of probability p succeed. enumerate_support and entropy when all counts are the same.
class XGRAD_API Binomial : public DistributionOf<Binomial> {
 public:
  Binomial(const Param& total_count, const Param& probs, DistributionOptions o = {}, Location at = Location::current());
  Binomial(const Param& total_count, ProbsOrLogits o, Location at = Location::current());
  Binomial(const Param& total_count, const ProbsOrLogits& o, DistributionOptions more,
           Location at = Location::current())
      : Binomial(total_count, o.with(more), at) {}
  Tensor total_count() const { return parameter(1); }
  Tensor probs() const { return probabilities(); }
  Tensor logits() const { return log_odds(); }

 private:
  friend DistributionOf<Binomial>;
  explicit Binomial(xgrad::detail::LawHandle made) : DistributionOf(std::move(made)) {}
};

// rate^k exp(-rate) / k!, k = 0, 1, ...; rate >= 0. No entropy.
class XGRAD_API Poisson : public DistributionOf<Poisson> {
 public:
  explicit Poisson(const Param& rate, DistributionOptions o = {}, Location at = Location::current());
  Tensor rate() const { return parameter(0); }

 private:
  friend DistributionOf<Poisson>;
  explicit Poisson(xgrad::detail::LawHandle made) : DistributionOf(std::move(made)) {}
};

// A class 0..K-1 (int64), K the last size of the parameter. mean and variance are NaN. enumerate_support.
class XGRAD_API Categorical : public DistributionOf<Categorical> {
 public:
  explicit Categorical(const Tensor& probs, DistributionOptions o = {}, Location at = Location::current());
  explicit Categorical(ProbsOrLogits o, Location at = Location::current());
  Categorical(const ProbsOrLogits& o, DistributionOptions more, Location at = Location::current())
      : Categorical(o.with(more), at) {}
  Tensor probs() const { return probabilities(); }
  Tensor logits() const { return log_odds(); }  // normalised: logarithms of the probabilities

 private:
  friend DistributionOf<Categorical>;
  explicit Categorical(xgrad::detail::LawHandle made) : DistributionOf(std::move(made)) {}
};

// The same with the class as a vector of one 1 and else 0, in the type of the parameter: event_shape() is (K).
class XGRAD_API OneHotCategorical : public DistributionOf<OneHotCategorical> {
 public:
  explicit OneHotCategorical(const Tensor& probs, DistributionOptions o = {}, Location at = Location::current());
  explicit OneHotCategorical(ProbsOrLogits o, Location at = Location::current());
  OneHotCategorical(const ProbsOrLogits& o, DistributionOptions more, Location at = Location::current())
      : OneHotCategorical(o.with(more), at) {}
  Tensor probs() const { return probabilities(); }
  Tensor logits() const { return log_odds(); }

 private:
  friend DistributionOf<OneHotCategorical>;
  explicit OneHotCategorical(xgrad::detail::LawHandle made) : DistributionOf(std::move(made)) {}
};

// How often each class comes in total_count draws: event_shape() is (K). No mode.
class XGRAD_API Multinomial : public DistributionOf<Multinomial> {
 public:
  Multinomial(std::int64_t total_count, const Tensor& probs, DistributionOptions o = {},
              Location at = Location::current());
  Multinomial(std::int64_t total_count, ProbsOrLogits o, Location at = Location::current());
  Multinomial(std::int64_t total_count, const ProbsOrLogits& o, DistributionOptions more,
              Location at = Location::current())
      : Multinomial(total_count, o.with(more), at) {}
  std::int64_t total_count() const;
  Tensor probs() const { return probabilities(); }
  Tensor logits() const { return log_odds(); }

 private:
  friend DistributionOf<Multinomial>;
  explicit Multinomial(xgrad::detail::LawHandle made) : DistributionOf(std::move(made)) {}
};

}  // namespace xgrad::distributions
