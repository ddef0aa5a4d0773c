#include "kernels/recurrent.hpp"

#include <algorithm>
#include <type_traits>

#include <xgrad/parallel.hpp>
#include <xgrad/vec.hpp>

namespace xgrad::detail {
namespace {

// Loads and stores of one vector, the last of a row perhaps not full.
template <class V>
struct Lane {
  using T = typename V::value_type;
  std::int64_t i;
  int count;
  XGRAD_INLINE V operator()(const T* p) const { return count == V::lanes ? V::load(p + i) : V::load(p + i, count); }
  XGRAD_INLINE V or_zero(const T* p) const { return p ? (*this)(p) : V(T(0)); }
  XGRAD_INLINE void put(T* p, const V& v) const { count == V::lanes ? v.store(p + i) : v.store(p + i, count); }
};

template <class T>
XGRAD_INLINE const T* shifted(const T* p, std::int64_t by) {
  return p ? p + by : nullptr;
}

// body(row, lane) for every vector of every row; ns: rough cost of an element on one thread.
template <class T, class Body>
void each_lane(std::int64_t rows, std::int64_t n, double ns, const Body& body) {
  const double row_ns = std::max(1.0, static_cast<double>(n) * (std::is_same_v<T, float> ? ns : 25 * ns));
  parallel_for(rows, grain_for(row_ns), [&](std::int64_t begin, std::int64_t end) {
    run_simd([=, copy = body](auto bytes) {
      using V = Vec<T, bytes>;
      for (std::int64_t r = begin; r < end; ++r)
        for (std::int64_t i = 0; i < n; i += V::lanes)
          copy(r, Lane<V>{i, n - i >= V::lanes ? V::lanes : static_cast<int>(n - i)});
    });
  });
}

}  // namespace

template <class T>
void lstm_gates(std::int64_t rows, std::int64_t n, T* gates, const T* bias, const T* c_prev, T* c, T* h) {
  each_lane<T>(rows, n, 2, [=](std::int64_t r, const auto& at) {
    T *i = gates + 4 * n * r, *f = i + n, *g = f + n, *o = g + n;
    const auto vi = sigmoid(at(i) + at(bias)), vf = sigmoid(at(f) + at(bias + n));
    const auto vg = tanh(at(g) + at(bias + 2 * n)), vo = sigmoid(at(o) + at(bias + 3 * n));
    const auto vc = vf * at(c_prev + r * n) + vi * vg;
    at.put(i, vi);
    at.put(f, vf);
    at.put(g, vg);
    at.put(o, vo);
    at.put(c + r * n, vc);
    at.put(h + r * n, vo * tanh(vc));
  });
}

template <class T>
void lstm_gates_backward(std::int64_t rows, std::int64_t n, const T* gates, const T* c_prev, const T* c, const T* gy,
                         const T* dh, T* dc, T* dgates, std::int64_t ld) {
  each_lane<T>(rows, n, 1, [=](std::int64_t r, const auto& at) {
    const T *pi = gates + 4 * n * r, *pf = pi + n, *pg = pf + n, *po = pg + n;
    T* d = dgates + ld * r;
    const auto i = at(pi), f = at(pf), g = at(pg), o = at(po), t = tanh(at(c + r * n));
    const auto by_h = at(dh + r * n) + at.or_zero(shifted(gy, r * n));
    const auto by_c = at(dc + r * n) + by_h * o * (1 - t * t);
    at.put(d, by_c * g * i * (1 - i));
    at.put(d + n, by_c * at(c_prev + r * n) * f * (1 - f));
    at.put(d + 2 * n, by_c * i * (1 - g * g));
    at.put(d + 3 * n, by_h * t * o * (1 - o));
    at.put(dc + r * n, by_c * f);
  });
}

template <class T>
void gru_gates(std::int64_t rows, std::int64_t n, T* gates, const T* hidden, const T* bias, const T* h_prev, T* q,
               T* h) {
  each_lane<T>(rows, n, 1.5, [=](std::int64_t row, const auto& at) {
    T* x = gates + 3 * n * row;
    const T* u = hidden + 3 * n * row;
    const auto r = sigmoid(at(x) + at(u) + at(bias)), z = sigmoid(at(x + n) + at(u + n) + at(bias + n));
    const auto vq = at(u + 2 * n) + at(bias + 3 * n);
    const auto v = tanh(at(x + 2 * n) + at(bias + 2 * n) + r * vq);
    at.put(x, r);
    at.put(x + n, z);
    at.put(x + 2 * n, v);
    if (q) at.put(q + row * n, vq);
    at.put(h + row * n, v + z * (at(h_prev + row * n) - v));
  });
}

template <class T>
void gru_gates_backward(std::int64_t rows, std::int64_t n, const T* gates, const T* q, const T* h_prev, const T* gy,
                        T* dh, T* dhidden, std::int64_t ld, T* dnew) {
  each_lane<T>(rows, n, 1, [=](std::int64_t row, const auto& at) {
    const T* p = gates + 3 * n * row;
    T* d = dhidden + ld * row;
    const auto r = at(p), z = at(p + n), v = at(p + 2 * n);
    const auto by_h = at(dh + row * n) + at.or_zero(shifted(gy, row * n));
    const auto by_new = by_h * (1 - z) * (1 - v * v);
    at.put(d, by_new * at(q + row * n) * r * (1 - r));
    at.put(d + n, by_h * (at(h_prev + row * n) - v) * z * (1 - z));
    at.put(d + 2 * n, by_new * r);
    at.put(dnew + row * n, by_new);
    at.put(dh + row * n, by_h * z);
  });
}

template <class T>
void rnn_activate(std::int64_t rows, std::int64_t n, bool relu, const T* bias, T* h) {
  if (relu)
    return each_lane<T>(rows, n, 0.2, [=](std::int64_t r, const auto& at) {
      const auto a = at(h + r * n) + at(bias);
      at.put(h + r * n, where(a < 0, 0, a));  // NaN stays
    });
  each_lane<T>(rows, n, 0.5,
               [=](std::int64_t r, const auto& at) { at.put(h + r * n, tanh(at(h + r * n) + at(bias))); });
}

template <class T>
void rnn_activate_backward(std::int64_t rows, std::int64_t n, bool relu, const T* y, const T* gy, const T* dh, T* da,
                           std::int64_t ld) {
  each_lane<T>(rows, n, 0.2, [=](std::int64_t r, const auto& at) {
    const auto g = at(dh + r * n) + at.or_zero(shifted(gy, r * n)), v = at(y + r * n);
    at.put(da + ld * r, relu ? where(v <= 0, 0, g) : g * (1 - v * v));
  });
}

#define XGRAD_FOR(T)                                                                                                 \
  template void lstm_gates<T>(std::int64_t, std::int64_t, T*, const T*, const T*, T*, T*);                           \
  template void lstm_gates_backward<T>(std::int64_t, std::int64_t, const T*, const T*, const T*, const T*, const T*, \
                                       T*, T*, std::int64_t);                                                        \
  template void gru_gates<T>(std::int64_t, std::int64_t, T*, const T*, const T*, const T*, T*, T*);                  \
  template void gru_gates_backward<T>(std::int64_t, std::int64_t, const T*, const T*, const T*, const T*, T*, T*,    \
                                      std::int64_t, T*);                                                             \
  template void rnn_activate<T>(std::int64_t, std::int64_t, bool, const T*, T*);                                     \
  template void rnn_activate_backward<T>(std::int64_t, std::int64_t, bool, const T*, const T*, const T*, T*,         \
                                         std::int64_t);
XGRAD_FOR(float)
XGRAD_FOR(double)
#undef XGRAD_FOR

}  // namespace xgrad::detail
