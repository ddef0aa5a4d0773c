// Derivatives of functions, as torch.autograd.functional and torch.func have them:
//
//   auto f = [](const Tensor& x) { return (sin(x) * x).sum(); };
//   Tensor J = jacobian(f, x);              // shape of the output, then shape of the input
//   Tensor H = hessian(f, x);
//   auto [y, Jv] = jvp(f, x, v);
//
// f is called with one Tensor when x is one. When x is a list, {a, b}, f takes the list or its tensors one by one; it
// returns a Tensor or a std::vector<Tensor>. The result has the form of both: of one tensor each a Tensor, with a list
// on one side a std::vector<Tensor>, with lists on both sides [output][input].
//
// x itself is left alone, and results are off the tape unless create_graph is set. Whether gradients are recorded where
// the call stands does not matter. Errors of all: ValueError: f gives nothing, or x is empty; DTypeError: a tensor is
// not floating; AutogradError with strict.
#pragma once

#include <concepts>
#include <functional>
#include <initializer_list>
#include <type_traits>
#include <utility>
#include <vector>

#include <xgrad/autograd.hpp>
#include <xgrad/by_name.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad {

struct FunctionalOptions {
  ByName by_name = ByName();
  bool create_graph = false;  // the results can be differentiated, by x (where it requires grad) and what f reads
  bool strict = false;        // an output that does not depend on an input is an AutogradError instead of zeros
};

// The direction of a product: a tensor, or one for each of a list. None where a single number has only one direction.
using Direction = OneOrMore;

// What a product with a derivative gives: auto [output, product] = vjp(f, x, v).
template <class Output, class Result>
struct FunctionProduct {
  Output output;   // f(x)
  Result product;  // of the form of x (jvp: of the output)
};

namespace detail {

using ListFunction = std::function<std::vector<Tensor>(const std::vector<Tensor>&)>;
struct ListProduct {
  std::vector<Tensor> outputs, products;
};
XGRAD_API std::vector<std::vector<Tensor>> jacobian_of(const ListFunction& f, const std::vector<Tensor>& x,
                                                       const FunctionalOptions& options, const Location& at);
XGRAD_API std::vector<std::vector<Tensor>> hessian_of(const ListFunction& f, const std::vector<Tensor>& x,
                                                      const FunctionalOptions& options, const Location& at);
XGRAD_API ListProduct vjp_of(const ListFunction& f, const std::vector<Tensor>& x, const std::vector<Tensor>& v,
                             const FunctionalOptions& options, const Location& at);
XGRAD_API ListProduct jvp_of(const ListFunction& f, const std::vector<Tensor>& x, const std::vector<Tensor>& v,
                             const FunctionalOptions& options, const Location& at);
XGRAD_API ListProduct hvp_of(const ListFunction& f, const std::vector<Tensor>& x, const std::vector<Tensor>& v,
                             const FunctionalOptions& options, const Location& at);
XGRAD_API ListProduct vhp_of(const ListFunction& f, const std::vector<Tensor>& x, const std::vector<Tensor>& v,
                             const FunctionalOptions& options, const Location& at);
// ValueError: a function of `takes` tensors is given `given`.
[[noreturn]] XGRAD_API void wrong_count_of_inputs(std::size_t takes, std::size_t given);

using List = std::vector<Tensor>;
template <class X>
concept Variables = std::derived_from<X, Tensor> || std::same_as<X, List>;
template <class X>
inline constexpr bool is_list = std::same_as<std::remove_cvref_t<X>, List>;

// f of x, whichever of the ways to take it f has.
template <class F, class... T>
decltype(auto) call_with(F& f, const List& x, const T&... t) {
  if constexpr (sizeof...(T) == 0 && std::invocable<F&, const List&>) {
    return f(x);
  } else if constexpr (sizeof...(T) > 0 && std::invocable<F&, const T&...>) {
    if (x.size() != sizeof...(T)) wrong_count_of_inputs(sizeof...(T), x.size());
    return [&]<std::size_t... I>(std::index_sequence<I...>)->decltype(auto) { return f(((void)t, x[I])...); }
    (std::index_sequence_for<T...>());
  } else {
    static_assert(sizeof...(T) < 8,
                  "xgrad: the function of a list takes a const std::vector<Tensor>&, or up to 8 Tensors");
    if constexpr (sizeof...(T) < 8) return call_with(f, x, t..., Tensor());
  }
}
template <class F>
decltype(auto) call_with(F& f, const Tensor& x) {
  constexpr bool takes_it = std::is_invocable_v<F&, const Tensor&>;
  static_assert(takes_it, "xgrad: the function of a tensor takes a const Tensor&");
  if constexpr (takes_it)
    return f(x);
  else
    return Tensor();
}

// One function as another of lists, and the form of its results.
template <class F, class X>
class Erased {
  using Result = std::remove_cvref_t<decltype(call_with(std::declval<F&>(), std::declval<const X&>()))>;
  static_assert(is_list<Result> || std::is_convertible_v<Result, Tensor>,
                "xgrad: the function returns a Tensor or a std::vector<Tensor>");

 public:
  static constexpr bool gives_list = is_list<Result>;
  static ListFunction make(F& f) {
    return [&f](const List& x) -> List {
      if constexpr (gives_list)
        return call_with(f, of(x));
      else if constexpr (std::is_convertible_v<Result, Tensor>)
        return List{Tensor(call_with(f, of(x)))};
      else
        return {};
    };
  }

 private:
  static decltype(auto) of(const List& x) {
    if constexpr (is_list<X>)
      return (x);
    else
      return (x[0]);
  }
};

inline const List& listed(const List& x) { return x; }
inline List listed(const Tensor& x) { return {x}; }

template <bool list>
auto formed(List parts) {
  if constexpr (list)
    return parts;
  else
    return std::move(parts[0]);
}
template <bool of_outputs, bool of_inputs>
auto formed(std::vector<List> parts) {
  if constexpr (of_outputs && of_inputs) {
    return parts;
  } else if constexpr (of_outputs) {
    List column;
    for (List& row : parts) column.push_back(std::move(row[0]));
    return column;
  } else {
    return formed<of_inputs>(std::move(parts[0]));
  }
}
template <bool of_outputs, bool of_products>
auto formed(ListProduct p) {
  auto output = formed<of_outputs>(std::move(p.outputs));
  auto product = formed<of_products>(std::move(p.products));
  return FunctionProduct<decltype(output), decltype(product)>{std::move(output), std::move(product)};
}

}  // namespace detail

// All first derivatives of f at x: element [i..., j...] is d f_i / d x_j. One backward pass per output element.
template <class F, detail::Variables X>
auto jacobian(F&& f, const X& x, FunctionalOptions options = {}, Location at = Location::current()) {
  using E = detail::Erased<std::remove_reference_t<F>, X>;
  return detail::formed<E::gives_list, detail::is_list<X>>(
      detail::jacobian_of(E::make(f), detail::listed(x), options, at));
}
template <class F>
auto jacobian(F&& f, std::initializer_list<Tensor> x, FunctionalOptions options = {},
              Location at = Location::current()) {
  return jacobian(f, detail::List(x), options, at);
}

// All second derivatives at x of a function that gives one number: element [i..., j...] is d^2 f / d x_i d x_j. Of a
// list, [i][j] is that of x_i and x_j. ShapeError: f gives more than one number.
template <class F, detail::Variables X>
auto hessian(F&& f, const X& x, FunctionalOptions options = {}, Location at = Location::current()) {
  using E = detail::Erased<std::remove_reference_t<F>, X>;
  return detail::formed<detail::is_list<X>, detail::is_list<X>>(
      detail::hessian_of(E::make(f), detail::listed(x), options, at));
}
template <class F>
auto hessian(F&& f, std::initializer_list<Tensor> x, FunctionalOptions options = {},
             Location at = Location::current()) {
  return hessian(f, detail::List(x), options, at);
}

// f(x), and v J: v has the form and the shapes of the outputs (ShapeError, DTypeError). One backward pass.
template <class F, detail::Variables X>
auto vjp(F&& f, const X& x, const Direction& v = {}, FunctionalOptions options = {},
         Location at = Location::current()) {
  using E = detail::Erased<std::remove_reference_t<F>, X>;
  return detail::formed<E::gives_list, detail::is_list<X>>(
      detail::vjp_of(E::make(f), detail::listed(x), v.parts(), options, at));
}
template <class F>
auto vjp(F&& f, std::initializer_list<Tensor> x, const Direction& v = {}, FunctionalOptions options = {},
         Location at = Location::current()) {
  return vjp(f, detail::List(x), v, options, at);
}

// f(x), and J v: v has the form and the shapes of x. Forward mode (<xgrad/forward_ad.hpp>): one run of f, no tape.
template <class F, detail::Variables X>
auto jvp(F&& f, const X& x, const Direction& v = {}, FunctionalOptions options = {},
         Location at = Location::current()) {
  using E = detail::Erased<std::remove_reference_t<F>, X>;
  return detail::formed<E::gives_list, E::gives_list>(
      detail::jvp_of(E::make(f), detail::listed(x), v.parts(), options, at));
}
template <class F>
auto jvp(F&& f, std::initializer_list<Tensor> x, const Direction& v = {}, FunctionalOptions options = {},
         Location at = Location::current()) {
  return jvp(f, detail::List(x), v, options, at);
}

// f(x), one number, and H v, by forward mode over a backward pass.
template <class F, detail::Variables X>
auto hvp(F&& f, const X& x, const Direction& v = {}, FunctionalOptions options = {},
         Location at = Location::current()) {
  using E = detail::Erased<std::remove_reference_t<F>, X>;
  return detail::formed<E::gives_list, detail::is_list<X>>(
      detail::hvp_of(E::make(f), detail::listed(x), v.parts(), options, at));
}
template <class F>
auto hvp(F&& f, std::initializer_list<Tensor> x, const Direction& v = {}, FunctionalOptions options = {},
         Location at = Location::current()) {
  return hvp(f, detail::List(x), v, options, at);
}

// f(x), one number, and v H, by two backward passes.
template <class F, detail::Variables X>
auto vhp(F&& f, const X& x, const Direction& v = {}, FunctionalOptions options = {},
         Location at = Location::current()) {
  using E = detail::Erased<std::remove_reference_t<F>, X>;
  return detail::formed<E::gives_list, detail::is_list<X>>(
      detail::vhp_of(E::make(f), detail::listed(x), v.parts(), options, at));
}
template <class F>
auto vhp(F&& f, std::initializer_list<Tensor> x, const Direction& v = {}, FunctionalOptions options = {},
         Location at = Location::current()) {
  return vhp(f, detail::List(x), v, options, at);
}

}  // namespace xgrad
