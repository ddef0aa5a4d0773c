// Random tensors, from the default generator. Same seed, same numbers, whatever the thread count.
#pragma once

#include <concepts>
#include <ostream>

#include <xgrad/ops/factory.hpp>
#include <xgrad/random.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad {

XGRAD_API Tensor rand(const Shape& shape, TensorOptions o = {}, Location at = Location::current());   // U[0, 1)
XGRAD_API Tensor randn(const Shape& shape, TensorOptions o = {}, Location at = Location::current());  // N(0, 1)
XGRAD_API Tensor randint(std::int64_t low, std::int64_t high, const Shape& shape, TensorOptions o = {kInt64},
                         Location at = Location::current());  // [low, high)
inline Tensor randint(std::int64_t high, const Shape& shape, TensorOptions o = {kInt64},
                      Location at = Location::current()) {  // [0, high)
  return randint(0, high, shape, o, at);
}
XGRAD_API Tensor randperm(std::int64_t n, TensorOptions o = {kInt64}, Location at = Location::current());
template <std::floating_point T>
Tensor randperm(T) = delete;  // a number of elements is an integer
XGRAD_API Tensor bernoulli(double p, const Shape& shape, TensorOptions o = {}, Location at = Location::current());
XGRAD_API Tensor bernoulli(const Tensor& p, Location at = Location::current());  // one draw per probability
XGRAD_API Tensor normal(double mean, double stddev, const Shape& shape, TensorOptions o = {},
                        Location at = Location::current());
XGRAD_API Tensor uniform(double low, double high, const Shape& shape, TensorOptions o = {},
                         Location at = Location::current());  // U[low, high)
XGRAD_API Tensor rand_like(const Tensor& t, Location at = Location::current());
XGRAD_API Tensor randn_like(const Tensor& t, Location at = Location::current());

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

XGRAD_API std::ostream& operator<<(std::ostream& os, const Generator& g);  // "Generator(seed 0, offset 12)"

}  // namespace xgrad
