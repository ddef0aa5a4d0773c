// custom_op over xtensor arrays; part of <xgrad/xtensor.hpp>.
#pragma once

#include <xgrad/array.hpp>
#include <xgrad/custom/custom_op.hpp>

namespace xgrad {

// Parameters of the functions of a custom_op: [](const AnyArray auto& x) { return xt::exp(x); }
template <class E>
concept AnyArray = xt::is_xexpression<std::remove_cvref_t<E>>::value;
// The array such a function is called with for a tensor of type T.
template <class T>
using Array = decltype(array<T>(std::declval<const Tensor&>()));

namespace detail {

template <class E>
concept ExpressionList = !AnyArray<E> && TensorList<E>;

// Inputs share one floating type; numbers in a formula do not widen it.
template <class Forward, class Backward, std::size_t N>
struct ArrayCalls {
  static constexpr bool once_differentiable = true;

  static Tensor forward(const Forward& f, std::span<const Tensor> x) {
    return typed(x, [&](auto zero, const auto&... t) {
      using T = decltype(zero);
      static_assert(AnyArray<decltype(f(array<T>(t)...))>,
                    "xgrad: forward of custom_op returns a Tensor or one xtensor array");
      return to_tensor<T>(f(array<T>(t)...));
    });
  }
  static std::vector<Tensor> backward(const Backward& b, const Tensor& g, std::span<const Tensor> x, const Tensor& y) {
    const Tensor grad = g.contiguous(), out = y.contiguous();
    return typed(x, [&](auto zero, const auto&... t) {
      using T = decltype(zero);
      static_assert(
          requires { b(array<T>(grad), array<T>(t)..., array<T>(out)); },
          "xgrad: backward of custom_op is called as backward(gradient, inputs..., output)");
      return list<T>(b(array<T>(grad), array<T>(t)..., array<T>(out)));
    });
  }

 private:
  // g(zero of the type, the inputs made contiguous).
  template <class G>
  static auto typed(std::span<const Tensor> x, G g) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      const Tensor t[] = {x[I].contiguous()...};
      return x[0].dtype() == kFloat64 ? g(double{}, t[I]...) : g(float{}, t[I]...);
    }
    (std::make_index_sequence<N>{});
  }
  template <class T, class E>
  static Tensor to_tensor(E&& e) {
    const Tensor t = from_xtensor(std::forward<E>(e));
    return t.is_floating_point() ? t.to(dtype_of<T>) : t;
  }
  template <class T, class R>
  static std::vector<Tensor> list(R&& r) {
    using Plain = std::remove_cvref_t<R>;
    if constexpr (AnyArray<R>) {
      return {to_tensor<T>(std::forward<R>(r))};
    } else if constexpr (ExpressionList<Plain>) {
      return std::apply([](auto&&... e) { return std::vector<Tensor>{to_tensor<T>(std::move(e))...}; }, std::move(r));
    } else {
      std::vector<Tensor> grads;
      for (auto& e : r) grads.push_back(to_tensor<T>(std::move(e)));
      return grads;
    }
  }
};

}  // namespace detail
}  // namespace xgrad
