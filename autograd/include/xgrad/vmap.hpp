// vmap(f): f, written for one example, as a function of a batch of them.
//
//   auto distance = [](const Tensor& a, const Tensor& b) { return (a - b).square().sum().sqrt(); };
//   Tensor d = vmap(distance)(x, y);                               // x, y: (n, 3); d: (n)
//   Tensor e = vmap(distance, {.in_dims = {0, std::nullopt}})(x, origin);
//
// It calls f for each slice, one after the other, and stacks the results: what it is for is the form of the program,
// not its speed. Gradients, tangents and further vmap() go through it. Each slice draws its own random numbers
// (randomness = "different" of PyTorch).
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include <xgrad/by_name.hpp>
#include <xgrad/functional.hpp>
#include <xgrad/ops/operand.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad {

// A dimension for all, or one for each; std::nullopt: this one is given to every call whole.
class BatchDims {
 public:
  template <std::integral D>
  requires(!std::same_as<D, bool>) BatchDims(D all)
      : dims_{static_cast<std::int64_t>(all)}, one_for_all_(true) {}                    // NOLINT
  BatchDims(std::initializer_list<std::optional<std::int64_t>> each) : dims_(each) {}   // NOLINT
  BatchDims(std::vector<std::optional<std::int64_t>> each) : dims_(std::move(each)) {}  // NOLINT
  const std::vector<std::optional<std::int64_t>>& dims() const { return dims_; }
  bool one_for_all() const { return one_for_all_; }

 private:
  std::vector<std::optional<std::int64_t>> dims_;
  bool one_for_all_ = false;
};

struct VmapOptions {
  ByName by_name = ByName();
  BatchDims in_dims = 0;   // of the arguments: what is cut into slices; negative ones count from the end
  BatchDims out_dims = 0;  // of the results: where the slices are stacked
};

namespace detail {
XGRAD_API std::vector<Tensor> map_slices(const ListFunction& f, const std::vector<Tensor>& arguments,
                                         const VmapOptions& options, const Location& at);
}

// f over slices. Its results have the form of f's, a Tensor or a std::vector<Tensor>.
template <class F>
class Vmapped {
 public:
  Vmapped(F f, VmapOptions options) : f_(std::move(f)), options_(std::move(options)) {}
  // ValueError: the arguments are not as many as in_dims, none of them has slices, there are no slices, or not the same
  // number of them; IndexError: a dimension is out of range; ShapeError, DTypeError: the results of slices differ.
  template <class... T>
  requires((std::derived_from<T, Tensor> && ...)) auto operator()(const Located& x, const T&... more) const {
    using Call = detail::Erased<F, std::conditional_t<sizeof...(T) == 0, Tensor, detail::List>>;
    return detail::formed<Call::gives_list>(detail::map_slices(Call::make(f_), {x.tensor, more...}, options_, x.at));
  }

 private:
  mutable F f_;
  VmapOptions options_;
};

template <class F>
Vmapped<std::remove_cvref_t<F>> vmap(F&& f, VmapOptions options = {}) {
  return {std::forward<F>(f), std::move(options)};
}

}  // namespace xgrad
