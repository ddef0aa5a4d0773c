// Random tensors. Same seed, same numbers, whatever the thread count. They come from the default generator, or from one
// of the caller's, which leaves the default one as it is:
//
//   Generator g(42);
//   Tensor x = rand({2, 3}, {.generator = g}), y = bernoulli(x, g);
#pragma once

#include <concepts>
#include <optional>
#include <ostream>

#include <xgrad/ops/factory.hpp>
#include <xgrad/random.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad {

struct RandomOptions {
  DType dtype = kFloat32;
  bool requires_grad = false;
  std::optional<Generator> generator = {};  // left out: the default generator
};
// Of integers: int64, unless another type is named.
struct RandomIntegerOptions {
  DType dtype = kInt64;
  bool requires_grad = false;
  std::optional<Generator> generator = {};
};
// Of what has the shape of another tensor, and its type unless another one is named.
struct RandomLikeOptions {
  std::optional<DType> dtype = {};
  bool requires_grad = false;
  std::optional<Generator> generator = {};
};
inline TensorOptions::operator RandomOptions() const { return {dtype, requires_grad}; }
inline TensorOptions::operator RandomIntegerOptions() const { return {dtype, requires_grad}; }

XGRAD_API std::ostream& operator<<(std::ostream& os, const RandomOptions& o);
XGRAD_API std::ostream& operator<<(std::ostream& os, const RandomIntegerOptions& o);
XGRAD_API std::ostream& operator<<(std::ostream& os, const RandomLikeOptions& o);
XGRAD_API std::ostream& operator<<(std::ostream& os, const Generator& g);  // "Generator(seed 0, offset 12)"

XGRAD_API Tensor rand(const Shape& shape, RandomOptions o = {}, Location at = Location::current());   // U[0, 1)
XGRAD_API Tensor randn(const Shape& shape, RandomOptions o = {}, Location at = Location::current());  // N(0, 1)
XGRAD_API Tensor randint(std::int64_t low, std::int64_t high, const Shape& shape, RandomIntegerOptions o = {},
                         Location at = Location::current());  // [low, high)
inline Tensor randint(std::int64_t high, const Shape& shape, RandomIntegerOptions o = {},
                      Location at = Location::current()) {  // [0, high)
  return randint(0, high, shape, std::move(o), at);
}
template <std::floating_point T>
Tensor randint(T, const Shape&, RandomIntegerOptions = {}) = delete;  // limits are integers
template <class L, class H>
requires(std::floating_point<L> || std::floating_point<H>)         //
    Tensor randint(L, H, const Shape&, RandomIntegerOptions = {})  // limits are integers: uniform(0, 1, {3}), rand({3})
= delete;
XGRAD_API Tensor randperm(std::int64_t n, RandomIntegerOptions o = {}, Location at = Location::current());
template <std::floating_point T>
Tensor randperm(T) = delete;  // a number of elements is an integer
XGRAD_API Tensor bernoulli(double p, const Shape& shape, RandomOptions o = {}, Location at = Location::current());
XGRAD_API Tensor bernoulli(const Tensor& p, const std::optional<Generator>& generator = {},
                           Location at = Location::current());  // one draw per probability
XGRAD_API Tensor normal(double mean, double stddev, const Shape& shape, RandomOptions o = {},
                        Location at = Location::current());
// One draw for each mean and standard deviation, which broadcast. ValueError when a deviation is negative or NaN.
XGRAD_API Tensor normal(const Tensor& mean, const Tensor& stddev, const std::optional<Generator>& generator = {},
                        Location at = Location::current());
XGRAD_API Tensor normal(const Tensor& mean, double stddev = 1, const std::optional<Generator>& generator = {},
                        Location at = Location::current());
XGRAD_API Tensor normal(double mean, const Tensor& stddev, const std::optional<Generator>& generator = {},
                        Location at = Location::current());
XGRAD_API Tensor uniform(double low, double high, const Shape& shape, RandomOptions o = {},
                         Location at = Location::current());  // U[low, high)
XGRAD_API Tensor rand_like(const Tensor& t, RandomLikeOptions o = {}, Location at = Location::current());
XGRAD_API Tensor randn_like(const Tensor& t, RandomLikeOptions o = {}, Location at = Location::current());
XGRAD_API Tensor randint_like(const Tensor& t, std::int64_t low, std::int64_t high, RandomLikeOptions o = {},
                              Location at = Location::current());  // [low, high)
inline Tensor randint_like(const Tensor& t, std::int64_t high, RandomLikeOptions o = {},
                           Location at = Location::current()) {  // [0, high)
  return randint_like(t, 0, high, std::move(o), at);
}

// The type alone for the options: rand({2, 3}, kFloat64).
template <detail::TypeAlone D>
Tensor rand(const Shape& shape, const D& dtype, Location at = Location::current()) {
  return rand(shape, detail::options_of(dtype), at);
}
template <detail::TypeAlone D>
Tensor randn(const Shape& shape, const D& dtype, Location at = Location::current()) {
  return randn(shape, detail::options_of(dtype), at);
}

// Sizes stand in braces.
template <std::integral... N>
Tensor rand(N...) = delete;  // sizes in braces: rand({2, 3})
template <std::integral... N>
Tensor randn(N...) = delete;  // sizes in braces: randn({2, 3})

namespace detail {
// Of Tensor::random_: all integers from 0 that the type holds without gaps, the greatest included.
XGRAD_API Tensor random_integers(const Shape& shape, DType dtype, const std::optional<Generator>& generator,
                                 const Location& at);
}  // namespace detail

}  // namespace xgrad
