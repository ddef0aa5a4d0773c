// Tensors as std::mdspan sees arrays: extents, strides and elements by their indices, for loops of your own.
//
//   auto a = xgrad::as_mdspan<double, 2>(t);           // any strides, no copy
//   for (std::int64_t i = 0; i < a.extent(0); ++i)
//     for (std::int64_t j = 0; j < a.extent(1); ++j) sum += a(i, j);
//
// The view is a type of this library, so that a program is the same for every compiler; where the standard library has
// <mdspan> (C++23), it converts to the std::mdspan of the same elements.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#if __has_include(<mdspan>)
#include <mdspan>
#endif

#include <xgrad/check.hpp>
#include <xgrad/detail/strided_memory.hpp>

namespace xgrad {

// A tensor of R dimensions and element type T, const for reading; keeps the tensor alive. Indices are not checked.
template <class T, std::size_t R>
class TensorView {
 public:
  using element_type = T;
  using value_type = std::remove_cv_t<T>;
  using index_type = std::int64_t;
  using rank_type = std::size_t;
  using reference = T&;
  using data_handle_type = T*;

  TensorView(T* data, const Tensor& t) : data_(data), tensor_(t) {
    for (std::size_t d = 0; d < R; ++d) {
      extents_[d] = t.size(static_cast<std::int64_t>(d));
      strides_[d] = t.stride(static_cast<std::int64_t>(d));
    }
  }

  static constexpr rank_type rank() { return R; }
  index_type extent(rank_type d) const { return extents_[d]; }
  index_type stride(rank_type d) const { return strides_[d]; }
  const std::array<index_type, R>& extents() const { return extents_; }
  const std::array<index_type, R>& strides() const { return strides_; }
  index_type size() const {
    index_type n = 1;
    for (const index_type e : extents_) n *= e;
    return n;
  }
  bool empty() const { return size() == 0; }
  T* data_handle() const { return data_; }

  template <std::integral... I>
  requires(sizeof...(I) == R) T& operator()(I... indices) const {
    return data_[offset(std::array<index_type, R>{static_cast<index_type>(indices)...})];
  }
  T& operator[](const std::array<index_type, R>& indices) const { return data_[offset(indices)]; }
#ifdef __cpp_multidimensional_subscript
  template <std::integral... I>
  requires(sizeof...(I) == R) T& operator[](I... indices) const { return (*this)(indices...); }
#endif

#ifdef __cpp_lib_mdspan
  // Does not keep the tensor alive.
  using mdspan_type = std::mdspan<T, std::dextents<index_type, R>, std::layout_stride>;
  operator mdspan_type() const {  // NOLINT
    return {data_, typename mdspan_type::mapping_type(std::dextents<index_type, R>(extents_), strides_)};
  }
#endif

 private:
  index_type offset(const std::array<index_type, R>& indices) const {
    index_type at = 0;
    for (std::size_t d = 0; d < R; ++d) at += indices[d] * strides_[d];
    return at;
  }
  T* data_;
  std::array<index_type, R> extents_{}, strides_{};
  Tensor tensor_;
};

// DTypeError when T is not the element type, ShapeError when the tensor has not R dimensions.
template <Element T, std::size_t R>
TensorView<const T, R> as_mdspan(const Tensor& t, Location at = Location::current()) {
  require_rank("as_mdspan", t, static_cast<int>(R), at);
  return {static_cast<const T*>(detail::strided_memory("as_mdspan", t, dtype_of<T>, at)), t};
}
// The same for writing; counts as one in-place change, now, as mutable_data<T>() does. AutogradError for a tensor that
// requires grad while gradients are recorded, ValueError when elements share memory, as those of expand().
template <Element T, std::size_t R>
TensorView<T, R> as_mdspan(Tensor& t, Location at = Location::current()) {
  require_rank("as_mdspan", t, static_cast<int>(R), at);
  return {static_cast<T*>(detail::writable_memory("as_mdspan", t, dtype_of<T>, at)), t};
}

}  // namespace xgrad
