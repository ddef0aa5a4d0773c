// Sums, means and products.
#include "core/elementwise_loop.hpp"
#include "core/held_stream.hpp"
#include "kernels/float_sum.hpp"

namespace xgrad::detail {
namespace {

// Everything that is one number at a time: A is the type sums and products are carried on in.
template <class T, class A, class Out, bool Product>
struct NumberFold {
  using In = T;
  using Acc = A;
  using Lane = A;
  static constexpr std::int64_t kStrip = 512;
  static constexpr double kNs = 0.2;
  Out* out;

  XGRAD_INLINE Acc identity() const { return Product ? 1 : 0; }
  XGRAD_INLINE A join(A a, A b) const {
    if constexpr (std::is_floating_point_v<A>) return Product ? a * b : a + b;
    // Integers wrap around: unsigned arithmetic, where that is defined.
    const auto x = static_cast<std::uint64_t>(a), y = static_cast<std::uint64_t>(b);
    return static_cast<A>(Product ? x * y : x + y);
  }
  XGRAD_INLINE void combine(Acc& a, Acc b) const { a = join(a, b); }
  XGRAD_INLINE Lane lift(T v) const { return static_cast<A>(v); }
  XGRAD_INLINE Acc from_lane(Lane l) const { return l; }
  template <int W>
  XGRAD_INLINE Acc run(const T* p, std::int64_t n) const {
    return run_numbers(*this, p, n);
  }
  template <int W>
  XGRAD_INLINE void run_columns(const T* p, std::int64_t stride, std::int64_t rows, std::int64_t cols, Acc* acc) const {
    column_numbers(*this, p, stride, rows, cols, acc);
  }
  XGRAD_INLINE void store(std::int64_t i, Acc a) const { out[i] = static_cast<Out>(a); }
};

// As FloatSum::run over n elements from `begin` of what is held back, which arrives block by block.
template <class T>
double run_held(const FloatSum<T>& op, const ProgramParts& parts, std::int64_t begin, std::int64_t n) {
  constexpr std::int64_t least = 4 * kLine<T>;
  alignas(64) T block[kReduceBlock];
  double acc;
  if (n < least) {
    parts.run(begin, n, block);
    row_kernel(op, block, 1, 0, n, &acc);
    return acc;
  }
  auto wide = op.start();
  std::int64_t i = 0;
  for (std::int64_t count; n - i >= least; i += count) {
    count = std::min(n - i, kReduceBlock);
    parts.run(begin + i, count, block);
    T line[kLine<T>];
    run_simd([&](auto w) { block_line<w>(op, block, count, line); });
    op.absorb(wide, line);
  }
  acc = op.finish(wide);
  if (i == n) return acc;
  parts.run(begin + i, n - i, block);
  for (std::int64_t j = 0; j < n - i; ++j) op.combine(acc, op.from_lane(op.lift(block[j])));
  return acc;
}

// The sum of all elements of what is held back, in the blocks and the order of reduce().
template <class T>
void sum_held(const FloatSum<T>& op, const Program& program) {
  const std::int64_t n = program.numel;
  if (n <= kSplitAbove) return op.store(0, run_held(op, ProgramParts(program), 0, n));
  const std::int64_t segments = (n + kReduceBlock - 1) / kReduceBlock;
  const std::int64_t chunk = chunk_of_split(segments), chunks = (segments + chunk - 1) / chunk;
  double part[kMostChunks];
  const double ns = static_cast<double>(n) / static_cast<double>(chunks) * (program.nanoseconds() + FloatSum<T>::kNs);
  parallel_for(chunks, grain_for(ns), [&](std::int64_t b, std::int64_t e) {
    const ProgramParts parts(program);
    for (std::int64_t c = b; c < e; ++c) {
      const std::int64_t begin = c * chunk * kReduceBlock, end = std::min(n, begin + chunk * kReduceBlock);
      part[c] = op.identity();
      op.combine(part[c], run_held(op, parts, begin, end - begin));
    }
  });
  for (std::int64_t c = 1; c < chunks; ++c) op.combine(part[0], part[c]);
  op.store(0, part[0]);
}

template <class T, bool Product>
void fold_integers(const TensorImpl& x, DimSet dims, Tensor& y) {
  reduce(NumberFold<T, std::int64_t, std::int64_t, Product>{data<std::int64_t>(y)}, x, dims);
}

void sum_integers(const TensorImpl& x, DimSet dims, Tensor& y) {
  switch (x.dtype) {
    case DType::int64:
      return fold_integers<std::int64_t, false>(x, dims, y);
    case DType::int32:
      return fold_integers<std::int32_t, false>(x, dims, y);
    default:
      return fold_integers<std::uint8_t, false>(x, dims, y);  // a bool is a byte of 0 or 1
  }
}

Tensor sum_over(const Tensor& x, DimSet dims, bool keepdim, bool mean) {
  const TensorImpl& t = impl(x);
  const bool floating = is_floating(t.dtype);
  Tensor y = make_tensor(reduced_shape(t.shape, dims, keepdim), floating ? t.dtype : DType::int64);
  if (!floating) {
    sum_integers(t, dims, y);
    return y;
  }
  const double divisor = mean ? static_cast<double>(reduced_count(t.shape, dims)) : 1;
  dispatch_floating(t.dtype, [&](auto zero) {
    using T = decltype(zero);
    if (t.numel == 1) {
      *data<T>(y) = *t.ptr<T>();
      return;
    }
    if (is_held(x) && (dims & all_dims(t.shape)) == all_dims(t.shape)) {
      if (const HeldStream held(x); held) return sum_held(FloatSum<T>{data<T>(y), divisor}, held.program());
    }
    reduce(FloatSum<T>{data<T>(y), divisor}, t, dims);
  });
  return y;
}

}  // namespace

Tensor sum_raw(const Tensor& x, DimSet dims, bool keepdim) { return sum_over(x, dims, keepdim, false); }
Tensor mean_raw(const Tensor& x, DimSet dims, bool keepdim) { return sum_over(x, dims, keepdim, true); }

Tensor prod_raw(const Tensor& x, DimSet dims, bool keepdim) {
  const TensorImpl& t = impl(x);
  Tensor y = make_tensor(reduced_shape(t.shape, dims, keepdim), is_floating(t.dtype) ? t.dtype : DType::int64);
  if (!is_floating(t.dtype)) {
    fold_integers<std::int64_t, true>(impl(cast_raw(x, DType::int64)), dims, y);
    return y;
  }
  dispatch_floating(t.dtype, [&](auto zero) {
    using T = decltype(zero);
    reduce(NumberFold<T, double, T, true>{data<T>(y)}, t, dims);
  });
  return y;
}

namespace {

// The products before and after each element along the middle dimension.
template <class T>
void others_along(const T* x, T* y, std::int64_t n, std::int64_t step) {
  double before = 1, after = 1;
  for (std::int64_t i = 0; i < n; ++i) {
    y[i * step] = static_cast<T>(before);
    before *= x[i * step];
  }
  for (std::int64_t i = n; i-- > 0;) {
    y[i * step] = static_cast<T>(y[i * step] * after);
    after *= x[i * step];
  }
}

}  // namespace

Tensor prod_others_raw(const Tensor& x, int dim) {
  const Tensor c = contiguous_copy(x);
  const Shape& shape = impl(c).shape;
  Tensor y = make_tensor(shape, impl(c).dtype);
  if (impl(c).numel == 0) return y;
  const std::int64_t n = shape[dim], inner = shape.contiguous_strides()[dim];
  dispatch_floating(impl(c).dtype, [&](auto zero) {
    using T = decltype(zero);
    parallel_for(impl(c).numel / n, grain_for(1.5 * static_cast<double>(n)), [&](std::int64_t b, std::int64_t e) {
      for (std::int64_t i = b; i < e; ++i) {
        const std::int64_t at = i / inner * n * inner + i % inner;
        others_along(data<T>(c) + at, data<T>(y) + at, n, inner);
      }
    });
  });
  return y;
}

}  // namespace xgrad::detail
