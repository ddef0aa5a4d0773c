// What all distributions offer; <xgrad/distributions.hpp> says which there are.
#pragma once

#include <concepts>
#include <iosfwd>
#include <memory>
#include <optional>

#include <xgrad/by_name.hpp>
#include <xgrad/random.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad::detail {
struct Law;
// What constructors hand over; no number converts to it.
struct LawHandle {
  template <class L>
  LawHandle(std::shared_ptr<L> made) : law(std::move(made)) {}  // NOLINT
  std::shared_ptr<const Law> law;
};
}  // namespace xgrad::detail

namespace xgrad::distributions {

using xgrad::operator<<;

// A parameter: a tensor, or a number, which takes the type of the tensors beside it (float32 when there are none).
class Param {
 public:
  Param(const Tensor& t) : tensor_(t), number_(0) {}  // NOLINT
  template <Arithmetic T>
  Param(T number) : number_(number) {}              // NOLINT
  const Tensor& tensor() const { return tensor_; }  // undefined for a number
  const Scalar& number() const { return number_; }

 private:
  Tensor tensor_;
  Scalar number_;
};

// validate_args: ValueError for parameters outside their range, when the distribution is made, and for values outside
// the support, in log_prob() and cdf(). Shapes and types are checked always.
struct DistributionOptions {
  ByName by_name = ByName();
  bool validate_args = true;
};

// A handle of a distribution that does not change: copies cost nothing, and a Distribution may be of any kind. Its
// parameters broadcast to batch_shape(); a sample of each is of event_shape(). Samples and values have the shape
// (sample..., batch..., event...), probabilities the shape (sample..., batch...).
//
// What a kind does not have is a ValueError that names it. ShapeError for a value whose last sizes are not those of an
// event, or that does not broadcast to the batch; DTypeError for parameters that are not floating.
class XGRAD_API Distribution {
 public:
  // There is no moving, which would leave a distribution of nothing behind.
  Distribution(const Distribution&) = default;
  Distribution& operator=(const Distribution&) = default;
  ~Distribution();

  const Shape& batch_shape() const;
  const Shape& event_shape() const;
  bool has_rsample() const;
  bool has_enumerate_support() const;

  // Draws, without a gradient.
  [[nodiscard]] Tensor sample(const Shape& shape = {}, const std::optional<Generator>& generator = {},
                              Location at = Location::current()) const;
  // Draws with a gradient to the parameters: the same law with the random numbers held fixed.
  [[nodiscard]] Tensor rsample(const Shape& shape = {}, const std::optional<Generator>& generator = {},
                               Location at = Location::current()) const;
  // One for each member of the batch, from a generator of the caller's.
  template <std::same_as<Generator> G>
  [[nodiscard]] Tensor sample(const G& generator, Location at = Location::current()) const {
    return sample(Shape(), generator, at);
  }
  template <std::same_as<Generator> G>
  [[nodiscard]] Tensor rsample(const G& generator, Location at = Location::current()) const {
    return rsample(Shape(), generator, at);
  }
  template <std::integral N>
  void sample(N) const = delete;  // sizes in braces: d.sample({5})
  template <std::integral N>
  void rsample(N) const = delete;  // sizes in braces: d.rsample({5})
  [[nodiscard]] Tensor log_prob(const Tensor& value, Location at = Location::current()) const;
  [[nodiscard]] Tensor entropy(Location at = Location::current()) const;
  [[nodiscard]] Tensor perplexity(Location at = Location::current()) const;  // exp(entropy)
  [[nodiscard]] Tensor mean(Location at = Location::current()) const;
  [[nodiscard]] Tensor variance(Location at = Location::current()) const;
  [[nodiscard]] Tensor stddev(Location at = Location::current()) const;
  [[nodiscard]] Tensor mode(Location at = Location::current()) const;
  // Probability of a value up to this one, and its inverse.
  [[nodiscard]] Tensor cdf(const Tensor& value, Location at = Location::current()) const;
  [[nodiscard]] Tensor icdf(const Tensor& value, Location at = Location::current()) const;
  // All values, along a new first dimension, each for every member of the batch; not expanded: of size 1 there.
  [[nodiscard]] Tensor enumerate_support(bool expand = true, Location at = Location::current()) const;
  // The same with a larger batch, to which this one broadcasts. Parameters are not copied.
  [[nodiscard]] Distribution expand(const Shape& batch_shape, Location at = Location::current()) const;

  // "Normal(batch (3), event ())"
  friend XGRAD_API std::ostream& operator<<(std::ostream& os, const Distribution& d);

 protected:
  explicit Distribution(xgrad::detail::LawHandle made);
  xgrad::detail::LawHandle expanded(const Shape& batch_shape, const Location& at) const;
  Tensor parameter(std::size_t i) const;
  Tensor probabilities() const;
  Tensor log_odds() const;  // logits
  const xgrad::detail::Law& law() const { return *law_; }

 private:
  friend std::shared_ptr<const xgrad::detail::Law> law_of(const Distribution& d);
  std::shared_ptr<const xgrad::detail::Law> law_;
};

// A Distribution that keeps its kind when it is expanded.
template <class Kind>
class DistributionOf : public Distribution {
 public:
  [[nodiscard]] Kind expand(const Shape& batch_shape, Location at = Location::current()) const {
    return Kind(expanded(batch_shape, at));
  }

 protected:
  explicit DistributionOf(xgrad::detail::LawHandle made) : Distribution(std::move(made)) {}
};

}  // namespace xgrad::distributions
