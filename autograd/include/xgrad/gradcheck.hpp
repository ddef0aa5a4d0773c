// Comparing gradients from the tape, and tangents of forward mode, with finite differences.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <xgrad/by_name.hpp>
#include <xgrad/functional.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad {

// What gradcheck found, for programs that go on: pass its address as {.report = &report}.
struct GradcheckReport {
  bool passed = true;
  double largest_error = 0;  // of all that was compared: |analytical - numerical| / max(1, |numerical|)
  std::string message;       // when it did not: what the exception says, or would say
  std::size_t output = 0;    // where the difference is largest: which of the outputs,
  std::size_t input = 0;     // which of the inputs,
  Shape output_index;        // and which element of each
  Shape input_index;         //
  double numerical = 0, analytical = 0;
  // Of that output by that input, output elements by input elements; undefined when no Jacobians were compared.
  Tensor numerical_jacobian, analytical_jacobian;
};

// PyTorch's defaults. (Its check_batched_grad has no meaning here: backward passes are not batched.)
struct GradcheckOptions {
  ByName by_name = ByName();
  double eps = 1e-6;  // step of the finite differences
  double atol = 1e-5;
  double rtol = 1e-3;
  bool raise_exception = true;       // false: return the verdict only
  double nondet_tol = 0;             // how much two passes with the same seed may differ
  bool check_undefined_grad = true;  // passes from single outputs, where operations get no gradient for the others
  bool check_backward_ad = true;
  bool check_forward_ad = false;  // also the tangents of forward mode; of gradgradcheck, forward over reverse
  bool fast_mode = false;         // u' J v for random u and v instead of each element of J: two calls per input
  GradcheckReport* report = nullptr;
};
using GradcheckFunction = std::function<std::vector<Tensor>(const std::vector<Tensor>&)>;

namespace detail {
// A function of one tensor, also one with a place behind it as the library's own, or of several.
template <class F>
concept TakesTensor = std::invocable<F&, const Tensor&> || std::invocable<F&, const Tensor&, const Location&>;
template <class F>
concept FunctionOfTensors = !std::invocable<F&, const std::vector<Tensor>&> &&
                            (TakesTensor<F> || std::invocable<F&, const Tensor&, const Tensor&> ||
                             std::invocable<F&, const Tensor&, const Tensor&, const Tensor&> ||
                             std::invocable<F&, const Tensor&, const Tensor&, const Tensor&, const Tensor&>);
template <class F>
GradcheckFunction function_of_list(F& f, const Location& at) {
  if constexpr (std::invocable<F&, const Tensor&, const Location&>) {
    const auto placed = [&f, at](const Tensor& x) { return f(x, at); };
    return [placed](const std::vector<Tensor>& x) mutable { return Erased<decltype(placed), List>::make(placed)(x); };
  } else {
    return Erased<F, List>::make(f);
  }
}
}  // namespace detail

// Central differences of every output element by every input element against the Jacobian from backward passes. f takes
// the list of inputs, or (up to four) inputs one by one: gradcheck([](const Tensor& x) { return x.exp(); }, {x}).
// Inputs must be float64 (DTypeError); those that require grad are checked. The message of the AutogradError names
// output, input (by its name, if it has one), element, and both values, shows what stands beside them in the
// Jacobians, and says what is probably wrong: a missing factor, a kink, a detach().
XGRAD_API bool gradcheck(const GradcheckFunction& f, const OneOrMore& inputs, GradcheckOptions options = {},
                         Location at = Location::current());
XGRAD_API bool gradcheck(const std::function<Tensor(const std::vector<Tensor>&)>& f, const OneOrMore& inputs,
                         GradcheckOptions options = {}, Location at = Location::current());
// gradcheck of the gradient: second derivatives, with random seeds that are inputs too.
XGRAD_API bool gradgradcheck(const GradcheckFunction& f, const OneOrMore& inputs, GradcheckOptions options = {},
                             Location at = Location::current());
XGRAD_API bool gradgradcheck(const std::function<Tensor(const std::vector<Tensor>&)>& f, const OneOrMore& inputs,
                             GradcheckOptions options = {}, Location at = Location::current());

template <detail::FunctionOfTensors F>
bool gradcheck(F&& f, const OneOrMore& inputs, GradcheckOptions options = {}, Location at = Location::current()) {
  return gradcheck(detail::function_of_list(f, at), inputs, options, at);
}
template <detail::FunctionOfTensors F>
bool gradgradcheck(F&& f, const OneOrMore& inputs, GradcheckOptions options = {}, Location at = Location::current()) {
  return gradgradcheck(detail::function_of_list(f, at), inputs, options, at);
}

}  // namespace xgrad
