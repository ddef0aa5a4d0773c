// What operators take: a tensor or a number, with the place where it stands.
#pragma once

#include <xgrad/tensor.hpp>

namespace xgrad {

// A tensor or a number together with the place it was written, so that an error in `a + b` can name the line.
struct Operand {
  Operand(const Tensor& t, Location where = Location::current()) : tensor(&t), scalar(0), at(where) {}  // NOLINT
  template <Arithmetic T>
  Operand(T v, Location where = Location::current()) : tensor(nullptr), scalar(v), at(where) {}  // NOLINT
  const Tensor* tensor;
  Scalar scalar;
  Location at;
};
// The same for operators that take no number.
struct Located {
  Located(const Tensor& t, Location where = Location::current()) : tensor(t), at(where) {}  // NOLINT
  const Tensor& tensor;
  Location at;
};

}  // namespace xgrad
