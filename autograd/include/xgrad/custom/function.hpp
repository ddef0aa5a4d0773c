// An operation with a forward and a backward pass of its own and a context between them, as in PyTorch.
//
//   struct Clip : xgrad::Function<Clip> {
//     static constexpr const char* name = "clip";            // else the name of the type
//     static Tensor forward(Context& ctx, const Tensor& x, double limit) {
//       ctx.save_for_backward(x);
//       ctx.save("limit", limit);
//       return clamp(x, -limit, limit);
//     }
//     static std::vector<Tensor> backward(Context& ctx, const std::vector<Tensor>& grads) {
//       const Tensor inside = abs(ctx.saved(0)) <= ctx.get<double>("limit");
//       return {where(inside, grads[0], 0)};
//     }
//   };
//   Tensor y = Clip::apply(x, 0.5);
//
// forward runs unrecorded. It returns a Tensor or several (std::vector, std::array, std::pair, std::tuple), and apply()
// returns the same. backward gets one gradient per output and returns one per tensor argument, or one per argument with
// undefined ones for what is no tensor. Written with differentiable operations on saved inputs and outputs it can be
// differentiated again; otherwise declare
//   static constexpr bool once_differentiable = true;
// For typed fields instead of save() and get(), declare a context of your own:
//   struct Context : xgrad::Context { double limit; };
#pragma once

#include <array>
#include <concepts>
#include <string>
#include <tuple>
#include <typeinfo>

#include <xgrad/autograd.hpp>
#include <xgrad/custom/context.hpp>
#include <xgrad/custom/op_name.hpp>
#include <xgrad/ops/operand.hpp>

namespace xgrad {
namespace detail {

// "Clip" from the compiler's name of a type.
XGRAD_API std::string short_type_name(const std::type_info& type);

template <class R>
concept TensorList = requires {
  std::tuple_size<R>::value;
};

// Results of forward (and gradients of backward) as a list, and back to what the user wrote.
inline std::vector<Tensor> to_list(Tensor t) { return {std::move(t)}; }
inline std::vector<Tensor> to_list(std::vector<Tensor> t) { return t; }
template <TensorList R>
std::vector<Tensor> to_list(R r) {
  return std::apply([](auto&&... t) { return std::vector<Tensor>{std::move(t)...}; }, std::move(r));
}
template <class R>
R from_list(std::vector<Tensor> list) {
  if constexpr (std::is_same_v<R, Tensor>) {
    return std::move(list[0]);
  } else if constexpr (std::is_same_v<R, std::vector<Tensor>>) {
    return list;
  } else {
    return [&]<std::size_t... I>(std::index_sequence<I...>) { return R{std::move(list[I])...}; }
    (std::make_index_sequence<std::tuple_size_v<R>>{});
  }
}

}  // namespace detail

template <class Op>
class Function {
 public:
  using Context = xgrad::Context;

 private:
  template <class T>
  static constexpr bool is_tensor = std::is_convertible_v<const T&, Located>;
  template <class... Args>
  static constexpr bool has_early_tensor() {
    std::size_t place = 0, first = sizeof...(Args);
    ((is_tensor<Args> && first == sizeof...(Args) ? void(first = place++) : void(++place)), ...);
    return first < sizeof...(Args) && first < 4;
  }

 public:
  // Runs Op::forward(ctx, args...) and records it. AutogradError when forward changed an input without mark_dirty().
  template <class... Rest>
  static auto apply(const Located& first, const Rest&... rest) {
    return run(first.at, first.tensor, rest...);
  }
  // The line of the call comes with the first tensor, wherever among the first four arguments it stands.
  template <class A, class... Rest>
  requires(!is_tensor<A>) static auto apply(const A& a, const Located& x, const Rest&... rest) {
    return run(x.at, a, x.tensor, rest...);
  }
  template <class A, class B, class... Rest>
  requires(!is_tensor<A> && !is_tensor<B>) static auto apply(const A& a, const B& b, const Located& x,
                                                             const Rest&... rest) {
    return run(x.at, a, b, x.tensor, rest...);
  }
  template <class A, class B, class C, class... Rest>
  requires(!is_tensor<A> && !is_tensor<B> && !is_tensor<C>) static auto apply(const A& a, const B& b, const C& c,
                                                                              const Located& x, const Rest&... rest) {
    return run(x.at, a, b, c, x.tensor, rest...);
  }
  template <class... Args>
  requires(!has_early_tensor<Args...>()) static auto apply(const Args&... args) { return run(Location(), args...); }

 private:
  static const char* op_name() {
    if constexpr (requires {
                    { Op::name } -> std::convertible_to<const char*>;
                  }) {
      return Op::name;
    } else {
      static const char* const name = detail::intern(detail::short_type_name(typeid(Op)));
      return name;
    }
  }
  static constexpr bool once() {
    if constexpr (requires { Op::once_differentiable; })
      return Op::once_differentiable;
    else
      return false;
  }

  static std::vector<Tensor> run_backward(xgrad::Context& ctx, const std::vector<Tensor>& grads) {
    return detail::to_list(Op::backward(static_cast<typename Op::Context&>(ctx), grads));
  }

  template <class... Args>
  static auto run(const Location& at, const Args&... args) {
    using UserContext = typename Op::Context;
    static_assert(std::is_base_of_v<xgrad::Context, UserContext>, "xgrad: Context must derive from xgrad::Context");
    constexpr bool has_forward = requires(UserContext & c) { Op::forward(c, args...); };
    constexpr bool has_backward = requires(UserContext & c, const std::vector<Tensor>& g) {
      detail::to_list(Op::backward(c, g));
    };
    static_assert(has_forward,
                  "xgrad: no forward(Context&, ...) of this Function takes these arguments: write `static Tensor "
                  "forward(Context& ctx, const Tensor& x, ...)`");
    static_assert(has_backward,
                  "xgrad: a Function needs static std::vector<Tensor> backward(Context&, const std::vector<Tensor>&)");
    if constexpr (has_forward && has_backward) {
      using Result = std::remove_cvref_t<decltype(Op::forward(std::declval<UserContext&>(), args...))>;
      constexpr bool gives_tensors = requires(Result r) { detail::to_list(std::move(r)); };
      static_assert(gives_tensors,
                    "xgrad: forward of a Function returns a Tensor, or several in a std::vector or tuple");
      if constexpr (gives_tensors)
        return run_checked<Result>(at, args...);
      else
        return Tensor();
    } else {
      return Tensor();
    }
  }

  template <class Result, class... Args>
  static Result run_checked(const Location& at, const Args&... args) {
    auto owned = std::make_unique<typename Op::Context>();
    typename Op::Context& ctx = *owned;
    detail::FunctionInputs inputs;
    (inputs.add(args), ...);
    detail::FunctionRun call({op_name(), &run_backward, once()}, std::move(inputs), std::move(owned), at);
    std::vector<Tensor> results;
    {
      NoGradGuard off;
      results = detail::to_list(Op::forward(ctx, args...));
    }
    return detail::from_list<Result>(call.finish(std::move(results)));
  }
};

}  // namespace xgrad
