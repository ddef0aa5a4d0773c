// What Python writes in brackets: index(x, {Slice{1, 3}, None, Ellipsis, mask, list, -1}).
#pragma once

#include <concepts>
#include <cstdint>
#include <variant>
#include <vector>

#include <xgrad/tensor.hpp>

namespace xgrad {

struct NewAxis {};
struct AllOthers {};
inline constexpr NewAxis None{};        // a new dimension of size 1
inline constexpr AllOthers Ellipsis{};  // as many whole dimensions as are left, at most once

// One part of an index: a number (negative from the end), a Slice, None, Ellipsis, a tensor of numbers (int64 or int32)
// or a mask (bool).
class Index {
 public:
  template <std::integral I>
  requires(!std::same_as<I, bool>) Index(I i) : value_(static_cast<std::int64_t>(i)) {}  // NOLINT
  Index(const Slice& s) : value_(s) {}                                                   // NOLINT
  Index(NewAxis) : value_(None) {}                                                       // NOLINT
  Index(AllOthers) : value_(Ellipsis) {}                                                 // NOLINT
  Index(const Tensor& t) : value_(t) {}                                                  // NOLINT
  template <class T>
  const T* get() const {
    return std::get_if<T>(&value_);
  }

 private:
  std::variant<std::int64_t, Slice, NewAxis, AllOthers, Tensor> value_;
};

// Numbers, slices, None and Ellipsis alone give a view. Index tensors broadcast together and choose single elements of
// the dimensions where they stand; a mask of k dimensions stands for its nonzero() as k of them. Their dimensions come
// where the first of them stood, or in front when something other than a number stands between them. Elements chosen
// twice get the sum of the gradients. IndexError: too many indices, out of range, a mask of another shape.
[[nodiscard]] XGRAD_API Tensor index(const Tensor& x, const std::vector<Index>& indices,
                                     Location at = Location::current());
// A copy of x with values (broadcastable to index(x, indices)) written there, or added (accumulate). An element chosen
// twice gets the last value, or the sum.
[[nodiscard]] XGRAD_API Tensor index_put(const Tensor& x, const std::vector<Index>& indices, const Tensor& values,
                                         bool accumulate = false, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor index_put(const Tensor& x, const std::vector<Index>& indices, Scalar value,
                                         bool accumulate = false, Location at = Location::current());

}  // namespace xgrad
