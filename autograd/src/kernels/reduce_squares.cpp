// Roots of sums of squares, with the bits of squares that were stored and then added up.
#include <cmath>

#include "core/elementwise_loop.hpp"
#include "kernels/float_sum.hpp"
#include "kernels/reduce.hpp"

namespace xgrad::detail {
namespace {

// v, as it is: GCC would fuse a product with the sum that it goes to. (Clang does so within one expression only.)
template <class V>
XGRAD_INLINE void keep_rounded([[maybe_unused]] V& v) {
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__)
  asm("" : "+x"(v));
#elif defined(__GNUC__) && !defined(__clang__) && defined(__aarch64__)
  asm("" : "+w"(v));
#endif
}

template <class T>
struct SquareSum : FloatSum<T> {
  using typename FloatSum<T>::Acc;
  using typename FloatSum<T>::Lane;

  XGRAD_INLINE Lane lift(T v) const {
    v *= v;
    keep_rounded(v);
    return v;
  }
  template <class V>
  XGRAD_INLINE V lift_lanes(const V& v) const {
    V square = v * v;
    keep_rounded(square.v);
    return square;
  }
  template <int W>
  XGRAD_INLINE Acc run(const T* p, std::int64_t n) const {
    return run_vectors<W>(*this, p, n);
  }
  template <int W>
  XGRAD_INLINE void run_columns(const T* p, std::int64_t stride, std::int64_t rows, std::int64_t cols, Acc* acc) const {
    column_vectors<W>(*this, p, stride, rows, cols, acc);
  }
  XGRAD_INLINE void store(std::int64_t i, Acc a) const { this->out[i] = std::sqrt(static_cast<T>(a)); }
};

}  // namespace

Tensor root_of_squares_raw(const Tensor& x, DimSet dims, bool keepdim) {
  const TensorImpl& t = impl(x);
  Tensor y = make_tensor(reduced_shape(t.shape, dims, keepdim), t.dtype);
  dispatch_floating(t.dtype, [&](auto zero) {
    using T = decltype(zero);
    reduce(SquareSum<T>{{data<T>(y), 1}}, t, dims);
  });
  return y;
}

}  // namespace xgrad::detail
