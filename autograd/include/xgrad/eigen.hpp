// Eigen's matrices and tensors, both ways. Needs Eigen 3 (Debian: libeigen3-dev), which nothing else here does.
//
//   auto w = xgrad::as_eigen<double>(t);               // Eigen::Map over the tensor's memory
//   Eigen::VectorXd v = w * Eigen::VectorXd::Ones(w.cols());
//   xgrad::Tensor u = xgrad::from_eigen(w.transpose() * w);
//
// Eigen computes off the tape: what it makes of a tensor has no gradient.
#pragma once

#if __has_include(<Eigen/Core>)
#include <Eigen/Core>
#elif __has_include(<eigen3/Eigen/Core>)
#include <eigen3/Eigen/Core>
#else
#error "xgrad/eigen.hpp needs Eigen 3 (Debian: libeigen3-dev)"
#endif

#include <memory>
#include <type_traits>
#include <utility>

#include <xgrad/check.hpp>
#include <xgrad/detail/element_of.hpp>
#include <xgrad/detail/strided_memory.hpp>
#include <xgrad/ops/factory.hpp>

namespace xgrad {
namespace detail {

template <class T>
using EigenMatrix = Eigen::Matrix<std::remove_const_t<T>, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using EigenStride = Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>;
template <class T>
using EigenMapBase = Eigen::Map<std::conditional_t<std::is_const_v<T>, const EigenMatrix<T>, EigenMatrix<T>>,
                                Eigen::Unaligned, EigenStride>;

inline void require_matrix(const Tensor& t, const Location& at) {
  require_defined("as_eigen", t, at);
  if (t.dim() > 2)
    ErrorReport("as_eigen", "Eigen has vectors and matrices: at most 2 dimensions", at)
        .operand("tensor", t)
        .help("take one matrix of it, t[0], or reshape() it")
        .shape_error();
}

}  // namespace detail

// Eigen::Map over the memory of a tensor, with its strides; keeps the tensor alive. T is const for reading.
template <class T>
class EigenView : public detail::EigenMapBase<T> {
 public:
  using Base = detail::EigenMapBase<T>;
  EigenView(T* data, const Tensor& t)
      : Base(data, t.dim() > 0 ? t.size(0) : 1, t.dim() > 1 ? t.size(1) : 1,
             detail::EigenStride(t.dim() > 0 ? t.stride(0) : 1, t.dim() > 1 ? t.stride(1) : 1)),
        tensor_(t) {}
  using Base::operator=;
  EigenView(const EigenView&) = default;
  // Copies elements, as between all of Eigen's matrices.
  EigenView& operator=(const EigenView& other) {
    Base::operator=(static_cast<const Base&>(other));
    return *this;
  }

 private:
  Tensor tensor_;
};

// (n, m) as a matrix, (n) as a column, a scalar as 1 x 1, of any strides, without a copy. DTypeError when T is not the
// element type, ShapeError above two dimensions.
template <Element T>
EigenView<const T> as_eigen(const Tensor& t, Location at = Location::current()) {
  detail::require_matrix(t, at);
  return {static_cast<const T*>(detail::strided_memory("as_eigen", t, dtype_of<T>, at)), t};
}
// The same for writing; counts as one in-place change, now, as array<T>(t) does. AutogradError for a tensor that
// requires grad while gradients are recorded: detach() it first, or pass std::as_const(t) to read. ValueError when
// elements share memory, as those of expand().
template <Element T>
EigenView<T> as_eigen(Tensor& t, Location at = Location::current()) {
  detail::require_matrix(t, at);
  return {static_cast<T*>(detail::writable_memory("as_eigen", t, dtype_of<T>, at)), t};
}

namespace detail {

// A matrix of Eigen's that owns its memory, of elements that a tensor has too.
template <class M>
struct can_give_memory : std::false_type {};
template <class S, int R, int C, int O, int MR, int MC>
struct can_give_memory<Eigen::Matrix<S, R, C, O, MR, MC>>
    : std::bool_constant<std::is_same_v<S, element_of_t<S>> && (R == Eigen::Dynamic || C == Eigen::Dynamic)> {};
template <class S, int R, int C, int O, int MR, int MC>
struct can_give_memory<Eigen::Array<S, R, C, O, MR, MC>> : can_give_memory<Eigen::Matrix<S, R, C, O, MR, MC>> {};

}  // namespace detail

// Tensor with the values of a matrix, array or expression of Eigen's: (rows, cols), and (n) of what is a vector by its
// type. An rvalue of dynamic size gives its memory away without a copy; a column-major one becomes a transposed view.
template <class M>
requires std::is_base_of_v<Eigen::EigenBase<std::remove_cvref_t<M>>, std::remove_cvref_t<M>> Tensor
from_eigen(M&& m, Location at = Location::current()) {
  using Matrix = std::remove_cvref_t<M>;
  using Scalar = typename Matrix::Scalar;
  using T = detail::element_of_t<Scalar>;
  constexpr bool kVector = Matrix::IsVectorAtCompileTime;
  const std::int64_t rows = m.rows(), cols = m.cols();
  const Shape shape = kVector ? Shape{rows * cols} : Shape{rows, cols};
  if constexpr (!std::is_reference_v<M> && !std::is_const_v<M> && detail::can_give_memory<Matrix>::value) {
    auto owner = std::make_shared<Matrix>(std::forward<M>(m));
    if constexpr (kVector || Matrix::IsRowMajor)
      return from_blob<T>(
          owner->data(), shape, [owner] {}, at);
    else
      return from_blob<T>(
                 owner->data(), Shape{cols, rows}, [owner] {}, at)
          .t();
  } else {
    Tensor t = empty(shape, {dtype_of<T>}, at);
    if (t.numel() > 0)
      Eigen::Map<detail::EigenMatrix<T>>(t.mutable_data<T>(at), rows, cols) = m.derived().template cast<T>();
    return t;
  }
}

}  // namespace xgrad
