// scan(cell, inputs, state): a loop over the first dimension of `inputs` that carries a state, as one operation.
//
//   auto [h, ys] = scan([&](const Tensor& h, const Tensor& x) {
//     Tensor next = tanh(matmul(x, w) + matmul(h, u));
//     return std::pair(next, next);
//   }, xs, h0);                                            // xs: (n, batch, in); h: (batch, hidden); ys: (n, batch,
//   hidden)
//
// It gives what the loop gives, bit for bit, and its gradients. On the tape stands one operation; of a step that did
// the same operations as the one before, only the values that they saved are kept. (jax.lax.scan; in PyTorch
// torch._higher_order_ops.scan.)
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <xgrad/by_name.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad {

struct ScanOptions {
  ByName by_name = ByName();
  bool reverse = false;  // from the last input to the first; the outputs stand where their inputs do
};

namespace detail {

// The parts of one step: what the cell is given, and then what it returned.
struct ScanStep {
  std::vector<Tensor> state, values;
};
// inputs: stacked. cell: replaces the state by the next one, the input by the output.
XGRAD_API ScanStep run_scan(std::vector<Tensor> inputs, std::vector<Tensor> state,
                            const std::function<void(ScanStep& step)>& cell, const ScanOptions& options,
                            const Location& at);

struct AnyPart {
  template <class T>
  operator T() const;  // NOLINT
};
template <class S, std::size_t... I>
constexpr bool takes_parts(std::index_sequence<I...>) {
  return requires { S{(static_cast<void>(I), AnyPart())...}; };
}
// How many members a structure has, up to 8.
template <class S, std::size_t N = 8>
constexpr std::size_t count_parts() {
  if constexpr (N == 0)
    return 0;
  else if constexpr (takes_parts<S>(std::make_index_sequence<N>()))
    return N;
  else
    return count_parts<S, N - 1>();
}

// Calls f for every tensor of a structure: a tensor, a tuple, list, map or aggregate of structures.
template <class S, class F>
void for_each_part(S& s, const F& f) {
  using Plain = std::remove_cv_t<S>;
  const auto all = [&](auto&... part) { (for_each_part(part, f), ...); };
  if constexpr (std::is_base_of_v<Tensor, Plain>) {
    f(s);
  } else if constexpr (requires { typename Plain::mapped_type; }) {
    for (auto& entry : s) for_each_part(entry.second, f);
  } else if constexpr (requires { std::tuple_size<Plain>::value; }) {
    std::apply(all, s);
  } else if constexpr (requires { s.has_value(); }) {
    if (s.has_value()) for_each_part(*s, f);
  } else if constexpr (requires { s.begin() == s.end(); }) {
    for (auto& part : s) for_each_part(part, f);
  } else {
    static_assert(std::is_class_v<Plain> && std::is_aggregate_v<Plain>,
                  "xgrad: scan takes and returns tensors, and tuples, lists and structures of tensors");
    if constexpr (std::is_class_v<Plain> && std::is_aggregate_v<Plain>) {
      constexpr std::size_t n = count_parts<Plain>();
      static_assert(n <= 6, "xgrad: a structure of scan has at most 6 members; put some into a tuple");
      if constexpr (n == 1) {
        auto& [a] = s;
        all(a);
      } else if constexpr (n == 2) {
        auto& [a, b] = s;
        all(a, b);
      } else if constexpr (n == 3) {
        auto& [a, b, c] = s;
        all(a, b, c);
      } else if constexpr (n == 4) {
        auto& [a, b, c, d] = s;
        all(a, b, c, d);
      } else if constexpr (n == 5) {
        auto& [a, b, c, d, e] = s;
        all(a, b, c, d, e);
      } else if constexpr (n == 6) {
        auto& [a, b, c, d, e, g] = s;
        all(a, b, c, d, e, g);
      }
    }
  }
}

template <class S>
std::vector<Tensor> take_parts(S& s) {
  std::vector<Tensor> list;
  for_each_part(s, [&](Tensor& t) { list.push_back(std::exchange(t, Tensor())); });
  return list;
}
template <class S>
void put_parts(S& s, const std::vector<Tensor>& list) {
  std::size_t i = 0;
  for_each_part(s, [&](Tensor& t) { t = list[i++]; });
}

template <class T>
using ScanParts = std::conditional_t<std::is_base_of_v<Tensor, T>, Tensor, T>;
template <class R>
constexpr bool is_of_two() {
  if constexpr (requires { std::tuple_size<R>::value; })
    return std::tuple_size<R>::value == 2;
  else if constexpr (std::is_class_v<R> && std::is_aggregate_v<R>)
    return count_parts<R>() == 2;
  else
    return false;
}
// The second of the two that a cell returns.
template <class R>
auto second_part(R&& result) {
  auto&& [state, output] = result;
  return output;
}

}  // namespace detail

// cell(state, x) returns two things, in a std::pair or the like: the next state, and the output of the step. x is
// inputs[i]; inputs, state and output are tensors, or tuples, lists and structures (of up to 6 members) of tensors.
// Returns the last state and the outputs, stacked along a new first dimension. Gradients go to the inputs, the state
// and whatever else the cell reads, and can be differentiated again. The cell is called once for each step (without
// inputs once, with zeros, for the shapes of the outputs: what it changes is taken back), in this call only.
// ShapeError: inputs are single numbers, or not equally many; a state or output has another shape than in the step
// before. DTypeError: another type. ValueError: there are no inputs; another number of tensors. AutogradError: the cell
// reads what an earlier step computed, by another way than the state; its results are differentiated in another way
// than by what scan() returns. Errors inside of the cell name the step.
template <class Cell, class Inputs, class State>
auto scan(Cell&& cell, const Inputs& inputs, const State& state, ScanOptions options = {},
          Location at = Location::current()) {
  using S = detail::ScanParts<State>;
  using X = detail::ScanParts<Inputs>;
  constexpr bool fits = std::is_invocable_v<Cell&, const S&, const X&>;
  static_assert(fits, "xgrad: scan(cell, inputs, state) calls cell(state, x) with a state and a slice of the inputs");
  if constexpr (fits) {
    using Result = std::remove_cvref_t<std::invoke_result_t<Cell&, const S&, const X&>>;
    constexpr bool two = detail::is_of_two<Result>();
    static_assert(two, "xgrad: the cell of scan returns std::pair(state, output)");
    if constexpr (two) {
      using Y = decltype(detail::second_part(std::declval<Result>()));
      S current = state;
      X slice = inputs;
      std::optional<Y> form;  // of the output, without tensors
      std::vector<Tensor> stacked = detail::take_parts(slice), first = detail::take_parts(current);
      const auto call = [&](detail::ScanStep& step) {
        detail::put_parts(current, step.state);
        detail::put_parts(slice, step.values);
        {
          step = {};
          Result result = cell(std::as_const(current), std::as_const(slice));
          auto& [next, output] = result;
          step.state = detail::take_parts(next);
          step.values = detail::take_parts(output);
          if (!form) form.emplace(std::move(output));
        }
        detail::take_parts(current);
        detail::take_parts(slice);
      };
      const detail::ScanStep last = detail::run_scan(std::move(stacked), std::move(first), call, options, at);
      detail::put_parts(current, last.state);
      detail::put_parts(*form, last.values);
      return std::pair<S, Y>(std::move(current), std::move(*form));
    }
  }
}

}  // namespace xgrad
