// An operation from two functions: forward, and the gradient.
//
//   const auto cube = xgrad::custom_op("cube",
//       [](const Tensor& x) { return x * x * x; },
//       [](const Tensor& g, const Tensor& x, const Tensor& y) { return g * 3 * x * x; });
//   Tensor y = cube(x);
//
// forward(inputs...) runs unrecorded and returns one tensor. backward(gradient, inputs..., output) returns the gradient
// of the input; for several inputs all of them, in a std::tuple, std::pair, std::array or std::vector (undefined where
// there is none). Written with differentiable operations it can be differentiated again.
//
// Both may work on xtensor arrays instead (#include <xgrad/xtensor.hpp>): parameters `const xgrad::AnyArray auto& x`,
// or of a type of their own like `const xt::xarray<double>& x`. Such an operation is differentiable once.
//
// The functions capture numbers, by value; for anything else there is Function (<xgrad/custom/function.hpp>).
#pragma once

#include <xgrad/autograd.hpp>
#include <xgrad/custom/function.hpp>

namespace xgrad {
namespace detail {

// Runs a pair of functions over xtensor arrays; defined by <xgrad/xtensor.hpp>.
template <class Forward, class Backward, std::size_t N>
struct ArrayCalls;

template <class F, std::size_t N>
inline constexpr bool takes_tensors = []<std::size_t... I>(std::index_sequence<I...>) {
  return std::is_invocable_v<const F&, decltype((void)I, std::declval<const Tensor&>())...>;
}
(std::make_index_sequence<N>{});

template <class F>
constexpr void check_custom_function() {
  static_assert(std::is_trivially_copyable_v<F> && std::is_trivially_destructible_v<F>,
                "xgrad: the functions of custom_op must not capture a Tensor (or any owning object): pass tensors as "
                "inputs and capture only numbers, or write a Function");
  static_assert(std::is_standard_layout_v<F>,
                "xgrad: the functions of custom_op must capture by value ([=] or [alpha]): the backward pass runs when "
                "the variables they refer to may be gone");
}

// The same over tensors.
template <class Forward, class Backward, std::size_t N>
struct TensorCalls {
  static constexpr bool once_differentiable = false;

  static Tensor forward(const Forward& f, std::span<const Tensor> x) {
    return call(x, [&](const auto&... t) -> Tensor {
      static_assert(std::is_convertible_v<std::invoke_result_t<const Forward&, decltype(t)...>, Tensor>,
                    "xgrad: forward of custom_op returns one Tensor; for several write a Function");
      if constexpr (std::is_convertible_v<std::invoke_result_t<const Forward&, decltype(t)...>, Tensor>)
        return f(t...);
      else
        return Tensor();
    });
  }
  static std::vector<Tensor> backward(const Backward& b, const Tensor& g, std::span<const Tensor> x, const Tensor& y) {
    return call(x, [&](const auto&... t) {
      static_assert(std::is_invocable_v<const Backward&, const Tensor&, decltype(t)..., const Tensor&>,
                    "xgrad: backward of custom_op is called as backward(gradient, inputs..., output)");
      if constexpr (std::is_invocable_v<const Backward&, const Tensor&, decltype(t)..., const Tensor&>) {
        constexpr bool gives_tensors = requires { to_list(b(g, t..., y)); };
        static_assert(gives_tensors,
                      "xgrad: backward of custom_op returns the gradient of the input, a Tensor; for several inputs "
                      "std::tuple(gx, gy)");
        if constexpr (gives_tensors)
          return to_list(b(g, t..., y));
        else
          return std::vector<Tensor>();
      } else {
        return std::vector<Tensor>();
      }
    });
  }

 private:
  template <class G>
  static auto call(std::span<const Tensor> x, G g) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) { return g(x[I]...); }
    (std::make_index_sequence<N>{});
  }
};

template <class Backward>
struct CustomOpContext : Context {
  explicit CustomOpContext(const Backward& b) : backward(b) {}
  Backward backward;
};

template <class Calls, class Backward, std::size_t N>
std::vector<Tensor> run_custom_backward(Context& ctx, const std::vector<Tensor>& grads) {
  const std::vector<Tensor> saved = ctx.saved();
  const Backward& b = static_cast<CustomOpContext<Backward>&>(ctx).backward;
  return Calls::backward(b, grads[0], std::span<const Tensor>(saved).first(N), saved[N]);
}

}  // namespace detail

template <class Forward, class Backward>
class CustomOp {
 public:
  CustomOp(OpName name, Forward f, Backward b) : name_(name.text()), forward_(f), backward_(b) {
    detail::check_custom_function<Forward>();
    detail::check_custom_function<Backward>();
  }

  // AutogradError when forward changes an input; and, in the backward pass, when the gradients do not fit the inputs.
  template <class... In>
  requires(std::is_same_v<In, Tensor>&&...) Tensor operator()(const Located& x, const In&... more) const {
    constexpr std::size_t n = 1 + sizeof...(In);
    constexpr bool on_tensors = detail::takes_tensors<Forward, n>;
    using Calls = std::conditional_t<on_tensors, detail::TensorCalls<Forward, Backward, n>,
                                     detail::ArrayCalls<Forward, Backward, n>>;
    static_assert(
        requires { sizeof(Calls); },
        "xgrad: forward of custom_op does not take these inputs as Tensors; if it takes xtensor arrays, "
        "#include <xgrad/xtensor.hpp>");
    if constexpr (requires { sizeof(Calls); }) {
      auto owned = std::make_unique<detail::CustomOpContext<Backward>>(backward_);
      Context& ctx = *owned;
      detail::FunctionInputs inputs;
      inputs.add(x.tensor);
      (inputs.add(more), ...);
      const std::vector<Tensor> list = inputs.tensors;
      detail::FunctionRun call({name_, &detail::run_custom_backward<Calls, Backward, n>, Calls::once_differentiable},
                               std::move(inputs), std::move(owned), x.at);
      std::vector<Tensor> result(1);
      {
        NoGradGuard off;
        result[0] = Calls::forward(forward_, list);
      }
      ctx.save_for_backward(list);
      ctx.save_for_backward(result[0]);
      return call.finish(std::move(result))[0];
    } else {
      return Tensor();
    }
  }
  const char* name() const { return name_; }

 private:
  const char* name_;
  Forward forward_;
  Backward backward_;
};

template <class Forward>
void custom_op(OpName, Forward) = delete;  // with the gradient: custom_op("name", forward, backward), or elementwise()
template <class Forward, class Backward>
CustomOp<Forward, Backward> custom_op(OpName name, Forward forward, Backward backward) {
  return CustomOp<Forward, Backward>(name, std::move(forward), std::move(backward));
}

}  // namespace xgrad
