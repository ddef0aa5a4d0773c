// What Python writes in brackets: index(x, {Slice{1, 3}, None, Ellipsis, mask, list, -1}).
#pragma once

#include <concepts>
#include <cstdint>
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
  requires(!std::same_as<I, bool>) Index(I i) : kind_(Kind::number), number_(static_cast<std::int64_t>(i)) {}  // NOLINT
  Index(const Slice& s) : kind_(Kind::slice), slice_(s) {}                                                     // NOLINT
  Index(NewAxis) : kind_(Kind::new_axis) {}                                                                    // NOLINT
  Index(AllOthers) : kind_(Kind::all_others) {}                                                                // NOLINT
  Index(const Tensor& t) : kind_(Kind::tensor), tensor_(t) {}                                                  // NOLINT
  // The number, Slice, NewAxis, AllOthers or Tensor that it is, or nullptr.
  template <class T>
  const T* get() const {
    if constexpr (std::same_as<T, std::int64_t>)
      return kind_ == Kind::number ? &number_ : nullptr;
    else if constexpr (std::same_as<T, Slice>)
      return kind_ == Kind::slice ? &slice_ : nullptr;
    else if constexpr (std::same_as<T, NewAxis>)
      return kind_ == Kind::new_axis ? &None : nullptr;
    else if constexpr (std::same_as<T, AllOthers>)
      return kind_ == Kind::all_others ? &Ellipsis : nullptr;
    else if constexpr (std::same_as<T, Tensor>)
      return kind_ == Kind::tensor ? &tensor_ : nullptr;
  }

 private:
  // No std::variant: what compilers make of one for five types takes longer than all else of this header.
  enum class Kind : std::uint8_t { number, slice, new_axis, all_others, tensor };
  Kind kind_;
  std::int64_t number_ = 0;
  Slice slice_;
  Tensor tensor_;
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
