// An operation from one formula. The derivative is not written down: it comes from dual numbers.
//
//   Tensor y = xgrad::elementwise("swish", [](auto x) { return x / (1 + exp(-x)); }, x);
//   const auto huber = xgrad::elementwise("huber", [delta](auto x, auto y) {    // to keep and use again
//     auto e = abs(x - y);
//     return where(e < delta, 0.5 * e * e, delta * (e - 0.5 * delta));
//   });
//   Tensor loss = huber(prediction, target).mean();
//
// The lambda is generic and takes up to 8 inputs, which broadcast and share one type, float32 or float64. It captures
// numbers, by value. It branches with where(), never with if. Functions: <xgrad/simd/elementary.hpp> and
// <xgrad/custom/functions.hpp>.
//
// Forward is one pass over memory; so is backward, which computes the gradients of all inputs together, and the
// derivative of that under create_graph. Derivatives of the third and higher orders run the same formula on tensors.
//
// A formula with expensive functions (exp, tanh, ...) computes its derivatives along with its value, where they share
// most of the work, and keeps them: an array per input that wants a gradient. A cheap one keeps only the inputs and
// computes its derivatives in the backward pass. Without gradients nothing but the value is computed.
#pragma once

#include <xgrad/autograd.hpp>
#include <xgrad/custom/cost.hpp>
#include <xgrad/custom/functions.hpp>
#include <xgrad/custom/op_name.hpp>
#include <xgrad/custom/tensor_term.hpp>
#include <xgrad/elementwise.hpp>
#include <xgrad/record.hpp>

namespace xgrad {
namespace detail {

// ValueError for an undefined input, DTypeError unless they share a floating type, ShapeError unless they broadcast.
// Returns the result, uninitialised.
XGRAD_API Tensor custom_output(const char* name, const Tensor* const* in, int n_in, const Location& at);
XGRAD_API Tensor uninitialised_like(const Tensor& t);
// The value and `n` partial derivatives of a small result, the latter behind one another in the tensor that is
// returned. Undefined, and nothing was done, when the result is large or one of the inputs has another shape or is not
// contiguous.
XGRAD_API Tensor run_partials_together(const ManyTilesKernel& k, Tensor& value, const bool* wanted,
                                       const Tensor* const* in, int n_in);
// The gradients of the n saved inputs that need one, by a kernel that reads g and the inputs.
XGRAD_API Grads run_gradients(const ManyTilesKernel& k, const Saved& s, const Tensor& g, std::size_t n);
// What is differentiated: the name of its backward operation, where it was called.
XGRAD_API const char* backward_name(const Saved& s);
XGRAD_API Location place_of(const Saved& s);
// g times each of the partial derivatives that follow the n inputs in `s`: one for each, or all in one tensor, those of
// the inputs j with a bit 1 << j in `together`.
XGRAD_API Grads times_partials(const Saved& s, const Tensor& g, std::size_t n, std::uint32_t together);

// What the lambda is given for the order of derivative: first, N tangents; second, those of a value and its change in
// one direction.
template <class V, int N>
using FirstOrder = Dual<V, N>;
template <class V, int N>
using SecondOrder = Dual<Dual<V, 1, (N > 1)>, N>;

template <class V, int N>
XGRAD_INLINE FirstOrder<V, N> first_order_input(const V& x, int j) {
  return FirstOrder<V, N>::build(x, [&](int k) XGRAD_INLINED { return k == j ? V(1) : V(0); });
}
template <class V, int N>
XGRAD_INLINE SecondOrder<V, N> second_order_input(const V& x, const V& direction, int j) {
  using Inner = Dual<V, 1, (N > 1)>;
  return SecondOrder<V, N>::build(Inner::build(x, [&](int) XGRAD_INLINED { return direction; }),
                                  [&](int k) XGRAD_INLINED { return k == j ? Inner(1) : Inner(0); });
}

// The next vector of a tile, at most `left` elements of it.
template <class V>
struct Cursor {
  using T = typename V::value_type;
  std::int64_t i;
  bool full;
  int count;
  XGRAD_INLINE Cursor(std::int64_t at, std::int64_t n)
      : i(at), full(n - at >= V::lanes), count(full ? V::lanes : static_cast<int>(n - at)) {}
  XGRAD_INLINE V load(const void* p) const {  // 1 is harmless to divide by
    const T* x = static_cast<const T*>(p) + i;
    return full ? V::load(x) : V::load(x, count, T(1));
  }
  XGRAD_INLINE void store(void* p, const V& v) const {
    if (!p) return;
    T* y = static_cast<T*>(p) + i;
    full ? v.store(y) : v.store(y, count);
  }
};

// in: the inputs; out: the value, then its partial derivatives.
template <class V, class F, std::size_t... J>
XGRAD_INLINE void partials_loop(const F& f, std::int64_t n, void* const* out, const void* const* in,
                                std::index_sequence<J...>) {
  constexpr int N = sizeof...(J);
  keep_whole<F, decltype((void)J, FirstOrder<V, N>())...>();
  for (std::int64_t i = 0; i < n; i += V::lanes) {
    const Cursor<V> c(i, n);
    const FirstOrder<V, N> r = f(first_order_input<V, N>(c.load(in[J]), static_cast<int>(J))...);
    c.store(out[0], r.v);
    (c.store(out[J + 1], r.d[J]), ...);
  }
}
template <class T, class F, std::size_t N>
void partials_tiles(const void* f, std::int64_t n, void* const* out, const void* const* in) {
  run_simd([=](auto bytes) XGRAD_INLINED {
    const F copy = *static_cast<const F*>(f);  // captures stay in registers
    partials_loop<Vec<T, bytes>>(copy, n, out, in, std::make_index_sequence<N>{});
  });
}

// in: g, then the inputs; out: their gradients.
template <class V, class F, std::size_t... J>
XGRAD_INLINE void gradient_loop(const F& f, std::int64_t n, void* const* out, const void* const* in,
                                std::index_sequence<J...>) {
  constexpr int N = sizeof...(J);
  keep_whole<F, decltype((void)J, FirstOrder<V, N>())...>();
  for (std::int64_t i = 0; i < n; i += V::lanes) {
    const Cursor<V> c(i, n);
    const FirstOrder<V, N> r = f(first_order_input<V, N>(c.load(in[J + 1]), static_cast<int>(J))...);
    const V g = c.load(in[0]);
    (c.store(out[J], g * r.d[J]), ...);
  }
}
template <class T, class F, std::size_t N>
void gradient_tiles(const void* f, std::int64_t n, void* const* out, const void* const* in) {
  run_simd([=](auto bytes) XGRAD_INLINED {
    const F copy = *static_cast<const F*>(f);
    gradient_loop<Vec<T, bytes>>(copy, n, out, in, std::make_index_sequence<N>{});
  });
}

// in: a direction for each input, g, then the inputs; out: the gradients of g and of the inputs.
template <class V, class F, std::size_t... J>
XGRAD_INLINE void second_loop(const F& f, std::int64_t n, void* const* out, const void* const* in,
                              std::index_sequence<J...>) {
  constexpr int N = sizeof...(J);
  keep_whole<F, decltype((void)J, SecondOrder<V, N>())...>();
  for (std::int64_t i = 0; i < n; i += V::lanes) {
    const Cursor<V> c(i, n);
    const SecondOrder<V, N> r =
        f(second_order_input<V, N>(c.load(in[N + 1 + J]), c.load(in[J]), static_cast<int>(J))...);
    const V g = c.load(in[N]);
    c.store(out[0], r.v.d[0]);
    (c.store(out[J + 1], g * r.d[J].d[0]), ...);
  }
}
template <class T, class F, std::size_t N>
void second_tiles(const void* f, std::int64_t n, void* const* out, const void* const* in) {
  run_simd([=](auto bytes) XGRAD_INLINED {
    const F copy = *static_cast<const F*>(f);
    second_loop<Vec<T, bytes>>(copy, n, out, in, std::make_index_sequence<N>{});
  });
}

inline Grads as_grads(std::span<Tensor> t) { return std::vector<Tensor>(t.begin(), t.end()); }

// Backward of the backward operation.
template <class F, std::size_t N>
struct SecondBackward {
  F f;

  Grads operator()(const Saved& s, std::span<const Tensor> directions) const {
    Tensor in[2 * N + 1];
    const Tensor* list[2 * N + 1];
    for (std::size_t j = 0; j <= N; ++j) in[N + j] = s[j];
    for (std::size_t j = 0; j < N; ++j)
      in[j] = directions[j].defined() ? directions[j] : TensorTerm(0).to_tensor(in[N].dtype());
    for (std::size_t j = 0; j < 2 * N + 1; ++j) list[j] = &in[j];
    if (grad_enabled() && any_wants_grad(list, 2 * N + 1))
      return on_tensors(in, directions, std::make_index_sequence<N>{});
    Tensor out[N + 1];
    for (std::size_t j = 0; j <= N; ++j)
      if (s.needs(j)) out[j] = uninitialised_like(in[N]);
    const bool wide = in[N].dtype() == DType::float64;
    run_many_tiles({wide ? &second_tiles<double, F, N> : &second_tiles<float, F, N>, &f, 2.0}, out, N + 1, list,
                   2 * N + 1);
    return as_grads(out);
  }

 private:
  // The same in recorded operations, for the orders above.
  template <std::size_t... J>
  Grads on_tensors(const Tensor* in, std::span<const Tensor> directions, std::index_sequence<J...>) const {
    const auto direction = [&](std::size_t j) {
      return directions[j].defined() ? TensorTerm(directions[j]) : TensorTerm(0);
    };
    const SecondOrder<TensorTerm, N> r =
        f(second_order_input<TensorTerm, N>(TensorTerm(in[N + 1 + J]), direction(J), static_cast<int>(J))...);
    Tensor out[N + 1];
    const TensorTerm g(in[N]);
    if (!r.v.d[0].is_number(0)) out[0] = r.v.d[0].is_number() ? (r.v.d[0] + 0 * g).tensor() : r.v.d[0].tensor();
    ((out[J + 1] = r.d[J].d[0].is_number(0) ? Tensor() : (g * r.d[J].d[0]).tensor()), ...);
    return as_grads(out);
  }
};

template <class F, std::size_t N>
struct FirstBackward {
  [[no_unique_address]] F f;

  Grads operator()(const Saved& s, const Tensor& g) const {
    const bool wide = g.dtype() == DType::float64;
    const ManyTilesKernel k{wide ? &gradient_tiles<double, F, N> : &gradient_tiles<float, F, N>, &f, 1.0};
    return grad_enabled() ? recorded(k, s, g) : run_gradients(k, s, g, N);
  }

 private:
  Grads recorded(const ManyTilesKernel& k, const Saved& s, const Tensor& g) const {
    Tensor in[N + 1];
    const Tensor* list[N + 1];
    in[0] = g;
    for (std::size_t j = 0; j < N; ++j) in[j + 1] = s[j];
    for (std::size_t j = 0; j <= N; ++j) list[j] = &in[j];
    const bool record_it = any_wants_grad(list, N + 1);
    std::vector<Tensor> out(N);
    for (std::size_t j = 0; j < N; ++j)
      if (record_it || s.needs(j)) out[j] = uninitialised_like(g);
    run_many_tiles(k, out.data(), N, list, N + 1);
    if (!record_it) return out;
    const std::span<const Tensor> all(in, N + 1);
    return record(backward_name(s), std::move(out), all, all, SecondBackward<F, N>{f}, place_of(s));
  }
};

// For formulas whose partial derivatives were computed with the value. Under create_graph they depend on the inputs.
template <class F, std::size_t N>
struct KeptBackward {
  [[no_unique_address]] FirstBackward<F, N> again;
  std::uint32_t together;  // as of times_partials()

  Grads operator()(const Saved& s, const Tensor& g) const {
    return grad_enabled() ? again(s, g) : times_partials(s, g, N, together);
  }
};

template <class F, std::size_t... J>
__attribute__((noinline, cold)) int count_cost(const F& f, std::index_sequence<J...>) {
  const int before = std::exchange(simd::detail::formula_cost, 0);
  (void)f((void(J), Dual<CostTerm, 1>())...);
  return std::exchange(simd::detail::formula_cost, before);
}
// Whether reading the derivatives from memory is cheaper than computing them again. It is not for results of less
// elements than this: their memory costs more than the formula.
constexpr std::int64_t kKeptFrom = 48;
template <class F, std::size_t N>
bool keeps_partials(const F& f) {
  static const bool keeps = count_cost(f, std::make_index_sequence<N>{}) >= simd::detail::kFunctionCost;
  return keeps;
}

// Value and partial derivatives in one pass.
template <class F, std::size_t N>
Tensor run_with_partials(const char* name, const Location& at, const F& f, Tensor value, const Tensor* const* in) {
  const bool wide = value.dtype() == DType::float64;
  const ManyTilesKernel k{wide ? &partials_tiles<double, F, N> : &partials_tiles<float, F, N>, &f, 1.0};
  Tensor out[N + 1], saved[2 * N];
  bool wanted[N];
  std::uint32_t together = 0;
  for (std::size_t j = 0; j < N; ++j) {
    saved[j] = *in[j];
    wanted[j] = any_wants_grad(in + j, 1);
    together |= static_cast<std::uint32_t>(wanted[j]) << j;
  }
  out[0] = std::move(value);
  saved[N] = run_partials_together(k, out[0], wanted, in, N);
  const bool all = saved[N].defined();
  for (std::size_t j = 0; j < N && !all; ++j)
    if (wanted[j]) out[j + 1] = saved[N + j] = uninitialised_like(out[0]);
  if (!all) run_many_tiles(k, out, N + 1, in, N);
  return record(name, out[0], std::span<const Tensor>(saved, N), std::span<const Tensor>(saved, all ? N + 1 : 2 * N),
                KeptBackward<F, N>{{f}, all ? together : 0}, at);
}

template <class F>
constexpr void check_captures() {
  static_assert(std::is_trivially_copyable_v<F> && std::is_trivially_destructible_v<F>,
                "xgrad: the lambda of an elementwise operation must not capture a Tensor (or any owning object): pass "
                "tensors as inputs and capture only numbers");
  static_assert(std::is_standard_layout_v<F>,
                "xgrad: the lambda of an elementwise operation must capture by value ([=] or [alpha]): the backward "
                "pass runs it again when the variables it refers to may be gone");
  static_assert(alignof(F) <= 16, "xgrad: the lambda of an elementwise operation captures an overaligned object");
}

template <class F, class... In>
Tensor custom_elementwise(const char* name, const Location& at, const F& f, const In&... in) {
  constexpr std::size_t n = sizeof...(In);
  check_captures<F>();
  static_assert(n <= kMaxCustomInputs, "xgrad: an elementwise operation takes at most 8 inputs");
  using V = Vec<float, 64>;  // as in map()
  if constexpr (requires { f((static_cast<void>(in), V())...); }) {
    constexpr bool gives_value = std::is_convertible_v<decltype(f((static_cast<void>(in), V())...)), V>;
    static_assert(gives_value,
                  "xgrad: the lambda of an elementwise operation returns one value, `return x * x;`; a comparison goes "
                  "through where(x > 0, x, 0)");
    if constexpr (std::is_trivially_copyable_v<F> && gives_value) {
      const Tensor* list[] = {&in...};
      Tensor out = custom_output(name, list, n, at);
      if (out.numel() >= kKeptFrom && grad_enabled() && any_wants_grad(list, n) && keeps_partials<F, n>(f))
        return run_with_partials<F, n>(name, at, f, std::move(out), list);
      run_tiles(make_kernel<F, n>(f, out.dtype(), 0.5), out, list, n);
      return record(name, std::move(out), {in...}, {in...}, FirstBackward<F, n>{f}, at);
    }
  } else {
    f((static_cast<void>(in), V())...);  // a formula takes one `auto` parameter per input and is not `mutable`
  }
  return Tensor();
}

}  // namespace detail

// A formula with its name, to be applied to tensors.
template <class F>
class ElementwiseOp {
 public:
  ElementwiseOp(OpName name, F f) : name_(name.text()), f_(std::move(f)) { detail::check_captures<F>(); }

  // ValueError, DTypeError, ShapeError as custom_output().
  template <class... In>
  requires(std::is_same_v<In, Tensor>&&...) Tensor operator()(const Located& x, const In&... more) const {
    return detail::custom_elementwise(name_, x.at, f_, x.tensor, more...);
  }
  const char* name() const { return name_; }

 private:
  const char* name_;
  F f_;
};

template <class F>
requires(!std::is_same_v<F, Tensor>) ElementwiseOp<F> elementwise(OpName name, F f) {
  return ElementwiseOp<F>(name, std::move(f));
}
// The same, applied at once.
template <class F, class... In>
requires(sizeof...(In) > 0 && !std::is_same_v<F, Tensor> && (std::is_same_v<In, Tensor> && ...)) Tensor
    elementwise(OpName name, F f, const In&... in) {
  return detail::custom_elementwise(name.text(), name.at(), f, in...);
}
template <class F, class... In>
requires(sizeof...(In) > 0 && !std::is_same_v<F, Tensor> && !(std::is_same_v<In, Tensor> && ...))  //
    Tensor elementwise(OpName, F, const In&...)  // inputs are Tensors; numbers are captured: [a](auto x) { ... }
= delete;

}  // namespace xgrad
