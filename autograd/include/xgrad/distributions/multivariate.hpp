// Distributions of vectors, and dimensions of a batch as one event. All of vectors have rsample.
#pragma once

#include <xgrad/distributions/distribution.hpp>

namespace xgrad::distributions {

// Exactly one of the three is given: S, its inverse, or the lower triangular L with positive diagonal of S = L L^T.
struct Covariance {
  ByName by_name = ByName();
  Tensor covariance_matrix = {};
  Tensor precision_matrix = {};
  Tensor scale_tril = {};
  bool validate_args = true;
};

// exp(-(x - loc)^T S^-1 (x - loc) / 2) / sqrt(det(2 pi S)). loc is (..., d), the matrix (..., d, d); batches broadcast.
// ValueError when a matrix is not symmetric and positive definite. No cdf and icdf.
class XGRAD_API MultivariateNormal : public DistributionOf<MultivariateNormal> {
 public:
  MultivariateNormal(const Tensor& loc, const Tensor& covariance_matrix, DistributionOptions o = {},
                     Location at = Location::current());
  MultivariateNormal(const Tensor& loc, Covariance o, Location at = Location::current());
  Tensor loc() const { return parameter(0); }
  Tensor scale_tril() const { return parameter(1); }
  Tensor covariance_matrix() const;
  Tensor precision_matrix() const;

 private:
  friend DistributionOf<MultivariateNormal>;
  explicit MultivariateNormal(xgrad::detail::LawHandle made) : DistributionOf(std::move(made)) {}
};

// Of the simplex: prod x_i^(a_i - 1) / B(a), x_i >= 0, sum x_i = 1; a = concentration (..., K), all positive. No cdf
// and icdf.
class XGRAD_API Dirichlet : public DistributionOf<Dirichlet> {
 public:
  explicit Dirichlet(const Tensor& concentration, DistributionOptions o = {}, Location at = Location::current());
  Tensor concentration() const { return parameter(0); }

 private:
  friend DistributionOf<Dirichlet>;
  explicit Dirichlet(xgrad::detail::LawHandle made) : DistributionOf(std::move(made)) {}
};

// A distribution whose last `reinterpreted_batch_ndims` dimensions of the batch belong to the event: log_prob and
// entropy are their sums. ValueError when the batch has fewer.
class XGRAD_API Independent : public DistributionOf<Independent> {
 public:
  Independent(const Distribution& base, std::int64_t reinterpreted_batch_ndims, DistributionOptions o = {},
              Location at = Location::current());
  Distribution base_dist() const;

 private:
  friend DistributionOf<Independent>;
  explicit Independent(xgrad::detail::LawHandle made) : DistributionOf(std::move(made)) {}
};

}  // namespace xgrad::distributions
