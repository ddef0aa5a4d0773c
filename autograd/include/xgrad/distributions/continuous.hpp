// Distributions of real numbers. Parameters are tensors or numbers and broadcast. Every kind has log_prob, entropy,
// mean, variance, mode, cdf and icdf unless it says otherwise; all have rsample.
#pragma once

#include <xgrad/distributions/distribution.hpp>

namespace xgrad::distributions {

// exp(-((x - loc) / scale)^2 / 2) / (scale sqrt(2 pi)), scale > 0.
class XGRAD_API Normal : public DistributionOf<Normal> {
 public:
  Normal(const Param& loc, const Param& scale, DistributionOptions o = {}, Location at = Location::current());
  Tensor loc() const { return parameter(0); }
  Tensor scale() const { return parameter(1); }

 private:
  friend DistributionOf<Normal>;
  explicit Normal(xgrad::detail::LawHandle made) : DistributionOf(std::move(made)) {}
};

// exp of a normal number: x > 0.
class XGRAD_API LogNormal : public DistributionOf<LogNormal> {
 public:
  LogNormal(const Param& loc, const Param& scale, DistributionOptions o = {}, Location at = Location::current());
  Tensor loc() const { return parameter(0); }
  Tensor scale() const { return parameter(1); }

 private:
  friend DistributionOf<LogNormal>;
  explicit LogNormal(xgrad::detail::LawHandle made) : DistributionOf(std::move(made)) {}
};

// The absolute value of a normal number of mean 0: x >= 0.
class XGRAD_API HalfNormal : public DistributionOf<HalfNormal> {
 public:
  explicit HalfNormal(const Param& scale, DistributionOptions o = {}, Location at = Location::current());
  Tensor scale() const { return parameter(0); }

 private:
  friend DistributionOf<HalfNormal>;
  explicit HalfNormal(xgrad::detail::LawHandle made) : DistributionOf(std::move(made)) {}
};

// exp(-|x - loc| / scale) / (2 scale), scale > 0.
class XGRAD_API Laplace : public DistributionOf<Laplace> {
 public:
  Laplace(const Param& loc, const Param& scale, DistributionOptions o = {}, Location at = Location::current());
  Tensor loc() const { return parameter(0); }
  Tensor scale() const { return parameter(1); }

 private:
  friend DistributionOf<Laplace>;
  explicit Laplace(xgrad::detail::LawHandle made) : DistributionOf(std::move(made)) {}
};

// 1 / (pi scale (1 + ((x - loc) / scale)^2)), scale > 0. The mean is NaN, the variance infinite.
class XGRAD_API Cauchy : public DistributionOf<Cauchy> {
 public:
  Cauchy(const Param& loc, const Param& scale, DistributionOptions o = {}, Location at = Location::current());
  Tensor loc() const { return parameter(0); }
  Tensor scale() const { return parameter(1); }

 private:
  friend DistributionOf<Cauchy>;
  explicit Cauchy(xgrad::detail::LawHandle made) : DistributionOf(std::move(made)) {}
};

// exp(-z - exp(-z)) / scale, z = (x - loc) / scale, scale > 0.
class XGRAD_API Gumbel : public DistributionOf<Gumbel> {
 public:
  Gumbel(const Param& loc, const Param& scale, DistributionOptions o = {}, Location at = Location::current());
  Tensor loc() const { return parameter(0); }
  Tensor scale() const { return parameter(1); }

 private:
  friend DistributionOf<Gumbel>;
  explicit Gumbel(xgrad::detail::LawHandle made) : DistributionOf(std::move(made)) {}
};

// Student's t with df > 0 degrees of freedom, scale > 0. The mean is NaN for df <= 1, the variance infinite for df <= 2
// and NaN for df <= 1. No cdf and icdf, as in PyTorch.
class XGRAD_API StudentT : public DistributionOf<StudentT> {
 public:
  explicit StudentT(const Param& df, const Param& loc = 0., const Param& scale = 1., DistributionOptions o = {},
                    Location at = Location::current());
  Tensor df() const { return parameter(0); }
  Tensor loc() const { return parameter(1); }
  Tensor scale() const { return parameter(2); }

 private:
  friend DistributionOf<StudentT>;
  explicit StudentT(xgrad::detail::LawHandle made) : DistributionOf(std::move(made)) {}
};

// Constant on [low, high), low < high. The mode is NaN.
class XGRAD_API Uniform : public DistributionOf<Uniform> {
 public:
  Uniform(const Param& low, const Param& high, DistributionOptions o = {}, Location at = Location::current());
  Tensor low() const { return parameter(0); }
  Tensor high() const { return parameter(1); }

 private:
  friend DistributionOf<Uniform>;
  explicit Uniform(xgrad::detail::LawHandle made) : DistributionOf(std::move(made)) {}
};

// rate exp(-rate x), x >= 0, rate > 0.
class XGRAD_API Exponential : public DistributionOf<Exponential> {
 public:
  explicit Exponential(const Param& rate, DistributionOptions o = {}, Location at = Location::current());
  Tensor rate() const { return parameter(0); }

 private:
  friend DistributionOf<Exponential>;
  explicit Exponential(xgrad::detail::LawHandle made) : DistributionOf(std::move(made)) {}
};

// rate^a x^(a - 1) exp(-rate x) / Gamma(a), x >= 0; a = concentration > 0, rate > 0. No icdf; cdf has no gradient to
// the concentration (AutogradError). rsample: M. Figurnov et al. 2018.
class XGRAD_API Gamma : public DistributionOf<Gamma> {
 public:
  Gamma(const Param& concentration, const Param& rate, DistributionOptions o = {}, Location at = Location::current());
  Tensor concentration() const { return parameter(0); }
  Tensor rate() const { return parameter(1); }

 private:
  friend DistributionOf<Gamma>;
  explicit Gamma(xgrad::detail::LawHandle made) : DistributionOf(std::move(made)) {}
};

// x^(a - 1) (1 - x)^(b - 1) / B(a, b), 0 <= x <= 1; a = concentration1 > 0, b = concentration0 > 0. No cdf and icdf.
class XGRAD_API Beta : public DistributionOf<Beta> {
 public:
  Beta(const Param& concentration1, const Param& concentration0, DistributionOptions o = {},
       Location at = Location::current());
  Tensor concentration1() const { return parameter(0); }
  Tensor concentration0() const { return parameter(1); }

 private:
  friend DistributionOf<Beta>;
  explicit Beta(xgrad::detail::LawHandle made) : DistributionOf(std::move(made)) {}
};

}  // namespace xgrad::distributions
