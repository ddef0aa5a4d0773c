// xtensor and tensors, both ways without a copy. The one header that includes xtensor itself; include it before any
// xtensor header of your own (see the note on old versions below).
//
//   auto a = xgrad::array<float>(t);                 // xtensor adaptor over the tensor's memory
//   xt::xarray<float> s = xt::sum(a, {0});           // any xtensor algorithm
//   xgrad::Tensor u = xgrad::from_xtensor(xt::exp(a) * 2.f);
//
// Two traps of xtensor itself: never keep a lazy expression in `auto` beyond its operands, and never put a lazy reducer
// with keep_dims inside another expression (wrong values in every version): assign it to an xt::xarray first.
#pragma once

#if __has_include(<xtensor/containers/xarray.hpp>)  // 0.26 and newer
#include <xtensor/containers/xadapt.hpp>
#include <xtensor/containers/xarray.hpp>
#include <xtensor/containers/xtensor.hpp>
#include <xtensor/core/xmath.hpp>
#include <xtensor/core/xnoalias.hpp>
#include <xtensor/core/xtensor_config.hpp>
#include <xtensor/generators/xbuilder.hpp>
#include <xtensor/misc/xmanipulation.hpp>
#include <xtensor/misc/xsort.hpp>
#include <xtensor/views/xindex_view.hpp>
#include <xtensor/views/xstrided_view.hpp>
#include <xtensor/views/xview.hpp>
#else
#include <xtensor/xexpression_traits.hpp>
#include <xtensor/xtensor_config.hpp>
// Before 0.25 this specialisation is compiled for C++17 only; in C++20 GCC then takes the shape of a dynamic array for
// one of fixed rank 4, and temporaries of an xarray get a shape out of bounds. The constraint sets it apart from
// xtensor's own where there is one.
#if defined(__GNUC__) && defined(__cpp_template_template_args) && __cplusplus > 201703L
namespace xt::detail {
template <template <class, std::size_t, class, bool> class S, class X, std::size_t N, class A, bool Init>
requires true struct xtype_for_shape<S<X, N, A, Init>> {
  template <class T, layout_type L>
  using type = xarray<T, L>;
};
}  // namespace xt::detail
#endif
#include <xtensor/xadapt.hpp>
#include <xtensor/xarray.hpp>
#include <xtensor/xbuilder.hpp>
#include <xtensor/xindex_view.hpp>
#include <xtensor/xmanipulation.hpp>
#include <xtensor/xmath.hpp>
#include <xtensor/xnoalias.hpp>
#include <xtensor/xsort.hpp>
#include <xtensor/xstrided_view.hpp>
#include <xtensor/xtensor.hpp>
#include <xtensor/xview.hpp>
#endif

#include <memory>
#include <type_traits>
#include <vector>

#include <xgrad/detail/element_of.hpp>
#include <xgrad/ops/factory.hpp>

static_assert(XTENSOR_VERSION_MAJOR > 0 || XTENSOR_VERSION_MINOR >= 24, "xgrad needs xtensor 0.24.3 or newer");

namespace xgrad {
namespace detail {

template <class T>
auto adapt_tensor(T* data, const Tensor& t) {
  const std::vector<std::size_t> shape(t.shape().begin(), t.shape().end());
  // The adaptor holds the tensor, so that array(f(x)) does not outlive its memory.
  return xt::adapt_smart_ptr<xt::layout_type::row_major>(std::move(data), shape, std::make_shared<const Tensor>(t));
}

template <class E>
Shape shape_of(const E& e) {
  Shape s;
  for (std::size_t i = 0; i < e.dimension(); ++i) s.push_back(static_cast<std::int64_t>(e.shape()[i]));
  return s;
}

// Containers whose memory a tensor can take over as it is.
template <class E>
struct is_row_major_array : std::false_type {};
template <class T, class A, class SA>
struct is_row_major_array<xt::xarray<T, xt::layout_type::row_major, A, SA>> : std::is_same<T, element_of_t<T>> {};
template <class T, std::size_t N, class A>
struct is_row_major_array<xt::xtensor<T, N, xt::layout_type::row_major, A>> : std::is_same<T, element_of_t<T>> {};

}  // namespace detail

// xtensor adaptor over the memory of a contiguous tensor of element type T; it keeps the tensor alive.
// DTypeError, ValueError (not contiguous: call contiguous() first) as Tensor::data<T>().
template <class T>
auto array(const Tensor& t, Location at = Location::current()) {
  return detail::adapt_tensor<const T>(t.data<T>(at), t);
}
// The same for writing; counts as one in-place change, now. So do not keep it: what is written through it between an
// operation that reads t and backward() makes gradients silently wrong (a DetectAnomaly over both tells). AutogradError
// for a tensor that requires grad while gradients are recorded: detach() it first, or pass std::as_const(t) to read.
template <class T>
auto array(Tensor& t, Location at = Location::current()) {
  return detail::adapt_tensor<T>(t.mutable_data<T>(at), t);
}

// Tensor with the values of an xtensor expression, evaluated once. An rvalue row-major xt::xarray or xt::xtensor gives
// its memory away without a copy. ShapeError above rank 8.
template <class E>
requires(!xt::is_xexpression<std::remove_cvref_t<E>>::value)  //
    Tensor from_xtensor(E&&, Location = Location::current())  // of xtensor arrays; else: tensor(values)
= delete;
template <class E>
requires xt::is_xexpression<std::remove_cvref_t<E>>::value Tensor from_xtensor(E&& e,
                                                                               Location at = Location::current()) {
  using Expression = std::remove_cvref_t<E>;
  using T = detail::element_of_t<std::remove_cv_t<typename Expression::value_type>>;
  if constexpr (!std::is_lvalue_reference_v<E> && !std::is_const_v<std::remove_reference_t<E>> &&
                detail::is_row_major_array<Expression>::value) {
    const Shape shape = detail::shape_of(e);
    auto owner = std::make_shared<Expression>(std::move(e));
    return from_blob<T>(
        owner->data(), shape, [owner] {}, at);
  } else {
    Tensor t = empty(detail::shape_of(e), {dtype_of<T>}, at);
    if (t.numel() > 0) {
      auto to = array<T>(t, at);
      if constexpr (std::is_same_v<T, std::remove_cv_t<typename Expression::value_type>>)
        xt::noalias(to) = e;
      else
        xt::noalias(to) = xt::cast<T>(e);
    }
    return t;
  }
}

}  // namespace xgrad
