// Row by row: for each tap of the window, one pass over the row of outputs,
// which the compiler turns into vector code.
#include "kernels/pool.hpp"

#include <limits>
#include <type_traits>
#include <vector>

#include <xgrad/parallel.hpp>
#include <xgrad/vec.hpp>

#include "core/blocked.hpp"
#include "core/elementwise_loop.hpp"
#include "kernels/pool_blocked.hpp"
#include "kernels/reduce.hpp"

namespace xgrad::detail {
namespace {

// f(image) for all images, shared out by the work per image.
template <class F>
void each_image(const PoolShape& s, double work_per_output, const F& f) {
  const double ns = 20 + work_per_output * static_cast<double>(volume(s.out));
  parallel_for(s.outer.numel(), grain_for(ns), [&](std::int64_t begin, std::int64_t end) { f(begin, end); });
}

double taps(const PoolShape& s) {
  if (!s.adaptive) return static_cast<double>(volume(s.kernel));
  double n = 1;
  for (std::size_t d = 0; d < 3; ++d)
    n *= static_cast<double>(s.in[d]) / static_cast<double>(std::max<std::int64_t>(s.out[d], 1)) + 1;
  return n;
}

// f(first output of the row, depth window, height window) for each row of
// outputs of an image.
template <class F>
XGRAD_INLINE void each_row(const PoolShape& s, const F& f) {
  for (std::int64_t d = 0; d < s.out[0]; ++d) {
    const Window depth = window(s, 0, d);
    for (std::int64_t h = 0; h < s.out[1]; ++h) f((d * s.out[1] + h) * s.out[2], depth, window(s, 1, h));
  }
}

// f(offset of the input row in the image) for each row of inputs of a window.
template <class F>
XGRAD_INLINE void each_input_row(const PoolShape& s, const Window& depth, const Window& height, const F& f) {
  for (std::int64_t d = depth.begin; d < depth.end; d += s.dilation[0])
    for (std::int64_t h = height.begin; h < height.end; h += s.dilation[1]) f((d * s.in[1] + h) * s.in[2]);
}

// One place of the kernel along a row of outputs: of which outputs it lies in the input, and where.
struct Tap {
  std::int64_t out, count, in;  // first output, how many, element of the input row for the first
};
std::vector<Tap> taps_of_row(const PoolShape& s) {
  std::vector<Tap> taps;
  for (std::int64_t k = 0; k < (s.adaptive ? 0 : s.kernel[2]); ++k) {
    const std::int64_t offset = k * s.dilation[2] - s.padding[2];
    const TapRange in = tap_range(s.out[2], s.in[2], s.stride[2], offset);
    if (in.end > in.begin) taps.push_back({in.begin, in.end - in.begin, in.begin * s.stride[2] + offset});
  }
  return taps;
}

// f(step) with the usual steps as constants, for which loops become vector code.
template <class F>
XGRAD_INLINE void with_step(std::int64_t step, const F& f) {
  if (step == 1) return f(std::integral_constant<std::int64_t, 1>());
  if (step == 2) return f(std::integral_constant<std::int64_t, 2>());
  f(step);
}

// ---- largest ----
// One tap of each window of a row: v[j step] against the largest so far. The
// last NaN wins, else the first of equals.
template <class T, class Step>
XGRAD_INLINE void max_tap(std::int64_t n, Step step, const T* __restrict v, std::int32_t position, T* __restrict best,
                          std::int32_t* __restrict where) {
  const auto stride = static_cast<std::int32_t>(step);
  for (std::int64_t j = 0; j < n; ++j) {
    const T x = v[j * step];
    const bool wins = (x > best[j]) | (x != x) | (where[j] < 0);
    best[j] = wins ? x : best[j];
    where[j] = wins ? position + static_cast<std::int32_t>(j) * stride : where[j];
  }
}

template <class T>
XGRAD_CLONES void max_image(const PoolShape& s, const std::vector<Tap>& taps, const T* x, T* y, std::int32_t* where) {
  const std::int64_t size = volume(s.out);
  std::fill(y, y + size, -std::numeric_limits<T>::infinity());
  std::fill(where, where + size, -1);
  each_row(s, [&](std::int64_t first, const Window& depth, const Window& height) {
    each_input_row(s, depth, height, [&](std::int64_t row) {
      for (const Tap& t : taps)
        with_step(s.stride[2], [&](auto step) {
          max_tap(t.count, step, x + row + t.in, static_cast<std::int32_t>(row + t.in), y + first + t.out,
                  where + first + t.out);
        });
    });
  });
}

// Windows of all widths: the largest of each column first, in `best` and `at`, room for a row of inputs.
template <class T>
XGRAD_CLONES void max_image_adaptive(const PoolShape& s, const T* x, T* y, std::int32_t* where, T* best,
                                     std::int32_t* at) {
  each_row(s, [&](std::int64_t first, const Window& depth, const Window& height) {
    std::fill_n(best, s.in[2], -std::numeric_limits<T>::infinity());
    std::fill_n(at, s.in[2], -1);
    each_input_row(s, depth, height, [&](std::int64_t row) {
      max_tap(s.in[2], std::integral_constant<std::int64_t, 1>(), x + row, static_cast<std::int32_t>(row), best, at);
    });
    for (std::int64_t j = 0; j < s.out[2]; ++j) {
      const Window w = window(s, 2, j);
      T most = best[w.begin];
      std::int32_t place = at[w.begin];
      for (std::int64_t i = w.begin + 1; i < w.end; ++i) {
        const bool later = at[i] > place, nan = best[i] != best[i];
        const bool wins = nan ? later || most == most : best[i] > most || (best[i] == most && !later);
        most = wins ? best[i] : most;
        place = wins ? at[i] : place;
      }
      y[first + j] = most;
      where[first + j] = place;
    }
  });
}

// ---- windows of 2 x 2 side by side, the usual case ----
bool is_2x2(const PoolShape& s) {
  const Triple two{1, 2, 2}, none{0, 0, 0};
  return !s.adaptive && s.kernel == two && s.stride[1] == 2 && s.stride[2] == 2 && s.padding == none &&
         s.dilation[1] == 1 && s.dilation[2] == 1 && s.in[0] == 1 && 2 * s.out[1] <= s.in[1] && 2 * s.out[2] <= s.in[2];
}

template <class T>
XGRAD_INLINE void max_row_2x2(std::int64_t n, const T* __restrict upper, std::int64_t width, std::int32_t position,
                              T* __restrict best, std::int32_t* __restrict where) {
  const T* __restrict lower = upper + width;
  const auto below = static_cast<std::int32_t>(width);
  for (std::int64_t j = 0; j < n; ++j) {
    const T a = upper[2 * j], b = upper[2 * j + 1], c = lower[2 * j], d = lower[2 * j + 1];
    const std::int32_t p = position + 2 * static_cast<std::int32_t>(j);
    T m = a;
    std::int32_t at = p;
    const bool b_wins = (b > m) | (b != b);
    m = b_wins ? b : m;
    at = b_wins ? p + 1 : at;
    const bool c_wins = (c > m) | (c != c);
    m = c_wins ? c : m;
    at = c_wins ? p + below : at;
    const bool d_wins = (d > m) | (d != d);
    best[j] = d_wins ? d : m;
    where[j] = d_wins ? p + below + 1 : at;
  }
}

// n: columns to compute, the row's or more. What is written behind the end of a row is overwritten by the next row, so
// whole vectors can be used if there is room behind the image.
template <class T>
XGRAD_CLONES void max_image_2x2(const PoolShape& s, std::int64_t n, const T* x, T* y, std::int32_t* where) {
  const std::int64_t columns = s.out[2], width = s.in[2];
  for (std::int64_t r = 0; r < s.out[1]; ++r)
    max_row_2x2(n, x + 2 * r * width, width, static_cast<std::int32_t>(2 * r * width), y + r * columns,
                where + r * columns);
}

// One row of the image's gradient: g at the elements that were the largest of their windows, else 0.
template <class T>
XGRAD_INLINE void spread_row_2x2(std::int64_t n, const T* __restrict g, const std::int32_t* __restrict where,
                                 std::int32_t position, T* __restrict dx) {
  for (std::int64_t j = 0; j < n; ++j) {
    const std::int32_t p = position + 2 * static_cast<std::int32_t>(j);
    dx[2 * j] = where[j] == p ? g[j] : T(0);
    dx[2 * j + 1] = where[j] == p + 1 ? g[j] : T(0);
  }
}

template <class T>
XGRAD_CLONES void spread_image_2x2(const PoolShape& s, std::int64_t n, const T* g, const std::int32_t* where, T* dx) {
  const std::int64_t columns = s.out[2], width = s.in[2];
  for (std::int64_t r = 0; r < s.in[1]; ++r)
    spread_row_2x2(n, g + r / 2 * columns, where + r / 2 * columns, static_cast<std::int32_t>(r * width),
                   dx + r * width);
}

// f(image, columns) for images begin..end-1 of 2 x 2 windows: in whole vectors up to the last one, which has nothing of
// ours behind it.
template <class F>
void images_2x2(const PoolShape& s, std::int64_t begin, std::int64_t end, const F& f) {
  constexpr std::int64_t kBlock = 16;
  const std::int64_t columns = s.out[2], whole = (columns + kBlock - 1) / kBlock * kBlock;
  const bool room = volume(s.out) >= kBlock && volume(s.in) >= 2 * kBlock;
  for (std::int64_t i = begin; i < end; ++i) f(i, room && i + 1 < end ? whole : columns);
}

// ---- averages ----
template <class T, class Step>
XGRAD_INLINE void add_tap(std::int64_t n, Step step, const T* __restrict v, T* __restrict sum) {
  for (std::int64_t j = 0; j < n; ++j) sum[j] += v[j * step];
}
template <class T, class Step>
XGRAD_INLINE void spread_tap(std::int64_t n, Step step, const T* __restrict g, T* __restrict dx) {
  for (std::int64_t j = 0; j < n; ++j) dx[j * step] += g[j];
}

// What the outputs of a row divide their sums by, without the factor of the
// row: the widths of their windows.
template <class T>
Tensor widths(const PoolShape& s) {
  Tensor t = make_tensor({s.out[2]}, dtype_of<T>);
  for (std::int64_t j = 0; j < s.out[2]; ++j)
    data<T>(t)[j] = s.divisor != 0 ? T(1) : static_cast<T>(window(s, 2, j).count);
  return t;
}

template <class T>
XGRAD_INLINE void divide_row(const PoolShape& s, const Window& depth, const Window& height, const T* widths,
                             const T* from, T* to) {
  const auto rows = static_cast<T>(s.divisor != 0 ? s.divisor : depth.count * height.count);
  for (std::int64_t j = 0; j < s.out[2]; ++j) to[j] = from[j] / (rows * widths[j]);
}

template <class T>
XGRAD_CLONES void avg_image(const PoolShape& s, const std::vector<Tap>& taps, const T* x, T* y, const T* widths) {
  std::fill(y, y + volume(s.out), T(0));
  each_row(s, [&](std::int64_t first, const Window& depth, const Window& height) {
    each_input_row(s, depth, height, [&](std::int64_t row) {
      for (const Tap& t : taps)
        with_step(s.stride[2], [&](auto step) { add_tap(t.count, step, x + row + t.in, y + first + t.out); });
    });
    divide_row(s, depth, height, widths, y + first, y + first);
  });
}
// Windows of all widths: columns are added up first, in room for a row of inputs.
template <class T>
XGRAD_CLONES void avg_image_adaptive(const PoolShape& s, const T* x, T* y, const T* widths, T* columns) {
  each_row(s, [&](std::int64_t first, const Window& depth, const Window& height) {
    std::fill_n(columns, s.in[2], T(0));
    each_input_row(s, depth, height, [&](std::int64_t row) {
      add_tap(s.in[2], std::integral_constant<std::int64_t, 1>(), x + row, columns);
    });
    for (std::int64_t j = 0; j < s.out[2]; ++j) {
      const Window w = window(s, 2, j);
      T sum(0);
      for (std::int64_t i = w.begin; i < w.end; ++i) sum += columns[i];
      y[first + j] = sum;
    }
    divide_row(s, depth, height, widths, y + first, y + first);
  });
}

// `share`: room for a row of outputs.
template <class T>
XGRAD_CLONES void avg_backward_image(const PoolShape& s, const std::vector<Tap>& taps, const T* g, T* dx,
                                     const T* widths, T* share) {
  std::fill(dx, dx + volume(s.in), T(0));
  each_row(s, [&](std::int64_t first, const Window& depth, const Window& height) {
    divide_row(s, depth, height, widths, g + first, share);
    each_input_row(s, depth, height, [&](std::int64_t row) {
      for (const Tap& t : taps)
        with_step(s.stride[2], [&](auto step) { spread_tap(t.count, step, share + t.out, dx + row + t.in); });
    });
  });
}
template <class T>
XGRAD_CLONES void avg_backward_image_adaptive(const PoolShape& s, const T* g, T* dx, const T* widths, T* share,
                                              T* columns) {
  std::fill(dx, dx + volume(s.in), T(0));
  each_row(s, [&](std::int64_t first, const Window& depth, const Window& height) {
    divide_row(s, depth, height, widths, g + first, share);
    std::fill_n(columns, s.in[2], T(0));
    for (std::int64_t j = 0; j < s.out[2]; ++j) {
      const Window w = window(s, 2, j);
      for (std::int64_t i = w.begin; i < w.end; ++i) columns[i] += share[j];
    }
    each_input_row(s, depth, height, [&](std::int64_t row) {
      add_tap(s.in[2], std::integral_constant<std::int64_t, 1>(), columns, dx + row);
    });
  });
}

// One window that is the whole image.
bool is_global(const PoolShape& s) {
  const Triple none{0, 0, 0};
  return volume(s.out) == 1 && s.kernel == s.in && s.padding == none && s.divisor == 0;
}

// The blocked form of positions, for values of float32.
BlockedRef float_blocked_form(const Tensor& values, const Tensor& positions) {
  return impl(values).dtype == DType::float32 ? blocked_form(positions) : BlockedRef();
}

}  // namespace

MaxPool max_pool_raw(const PoolShape& s, const Tensor& input) {
  if (const BlockedRef form = pooled_form(s, input)) {
    const std::int64_t block = form.layout().block;
    MaxPool r{make_blocked_tensor(s.output_shape(), kFloat32, block),
              make_blocked_tensor(s.output_shape(), DType::int32, block)};
    max_pool_blocked(s, form, blocked_form(r.values), blocked_form(r.positions));
    return r;
  }
  const Tensor x = contiguous_copy(input);
  MaxPool r{make_tensor(s.output_shape(), impl(x).dtype), make_tensor(s.output_shape(), DType::int32)};
  const std::int64_t in = volume(s.in), out = volume(s.out);
  dispatch_floating(impl(x).dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* from = data<T>(x);
    T* y = data<T>(r.values);
    auto* where = data<std::int32_t>(r.positions);
    const std::vector<Tap> row = taps_of_row(s);
    each_image(s, taps(s) * 0.5, [&](std::int64_t begin, std::int64_t end) {
      if (is_2x2(s))
        return images_2x2(s, begin, end, [&](std::int64_t i, std::int64_t columns) {
          max_image_2x2(s, columns, from + i * in, y + i * out, where + i * out);
        });
      if (s.adaptive) {
        const Tensor best = make_tensor({s.in[2]}, impl(x).dtype), at = make_tensor({s.in[2]}, DType::int32);
        for (std::int64_t i = begin; i < end; ++i)
          max_image_adaptive(s, from + i * in, y + i * out, where + i * out, data<T>(best), data<std::int32_t>(at));
        return;
      }
      for (std::int64_t i = begin; i < end; ++i) max_image(s, row, from + i * in, y + i * out, where + i * out);
    });
  });
  return r;
}

Tensor pool_gather_raw(const PoolShape& s, const Tensor& input, const Tensor& positions) {
  if (const BlockedRef where = float_blocked_form(input, positions)) {
    const std::int64_t block = where.layout().block;
    Tensor y = make_blocked_tensor(s.output_shape(), kFloat32, block);
    pool_gather_blocked(s, to_blocked(input, blocked_layout(s.input_shape(), block)), where, blocked_form(y));
    return y;
  }
  const Tensor x = contiguous_copy(input), index = contiguous_copy(positions);
  Tensor y = make_tensor(s.output_shape(), impl(x).dtype);
  const std::int64_t in = volume(s.in), out = volume(s.out);
  dispatch_floating(impl(x).dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* from = data<T>(x);
    T* to = data<T>(y);
    const auto* at = data<std::int32_t>(index);
    each_image(s, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i)
        for (std::int64_t j = i * out; j < (i + 1) * out; ++j) to[j] = at[j] < 0 ? T(0) : from[i * in + at[j]];
    });
  });
  return y;
}

Tensor pool_scatter_raw(const PoolShape& s, const Tensor& grad, const Tensor& positions, bool assign) {
  if (const BlockedRef where = assign ? BlockedRef() : float_blocked_form(grad, positions)) {
    Tensor dx = make_blocked_tensor(s.input_shape(), kFloat32, where.layout().block);
    pool_scatter_blocked(s, to_blocked(grad, where.layout()), where, blocked_form(dx));
    return dx;
  }
  const Tensor g = contiguous_copy(grad), index = contiguous_copy(positions);
  Tensor dx = make_tensor(s.input_shape(), impl(g).dtype);
  const std::int64_t in = volume(s.in), out = volume(s.out);
  dispatch_floating(impl(g).dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* from = data<T>(g);
    T* to = data<T>(dx);
    const auto* at = data<std::int32_t>(index);
    const bool whole_2x2 = !assign && is_2x2(s) && 2 * s.out[1] == s.in[1] && 2 * s.out[2] == s.in[2];
    each_image(s, 1.5, [&](std::int64_t begin, std::int64_t end) {
      if (whole_2x2)
        return images_2x2(s, begin, end, [&](std::int64_t i, std::int64_t columns) {
          spread_image_2x2(s, columns, from + i * out, at + i * out, to + i * in);
        });
      for (std::int64_t i = begin; i < end; ++i) {
        T* image = to + i * in;
        std::fill(image, image + in, T(0));
        for (std::int64_t j = i * out; j < (i + 1) * out; ++j)
          if (at[j] >= 0) image[at[j]] = assign ? from[j] : image[at[j]] + from[j];
      }
    });
  });
  return dx;
}

Tensor avg_pool_raw(const PoolShape& s, const Tensor& input) {
  if (const BlockedRef form = pooled_form(s, input)) {
    Tensor y = make_blocked_tensor(s.output_shape(), kFloat32, form.layout().block);
    avg_pool_blocked(s, form, blocked_form(y));
    return y;
  }
  const Tensor x = contiguous_copy(input);
  if (is_global(s)) return mean_raw(x, all_dims(impl(x).shape) >> s.outer.rank() << s.outer.rank(), true);
  Tensor y = make_tensor(s.output_shape(), impl(x).dtype);
  const std::int64_t in = volume(s.in), out = volume(s.out);
  dispatch_floating(impl(x).dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* from = data<T>(x);
    T* to = data<T>(y);
    const Tensor width = widths<T>(s);
    const std::vector<Tap> row = taps_of_row(s);
    each_image(s, taps(s) * 0.4, [&](std::int64_t begin, std::int64_t end) {
      const Tensor columns = s.adaptive ? make_tensor({s.in[2]}, impl(x).dtype) : Tensor();
      for (std::int64_t i = begin; i < end; ++i)
        s.adaptive ? avg_image_adaptive(s, from + i * in, to + i * out, data<T>(width), data<T>(columns))
                   : avg_image(s, row, from + i * in, to + i * out, data<T>(width));
    });
  });
  return y;
}

Tensor avg_pool_backward_raw(const PoolShape& s, const Tensor& grad) {
  if (s.block != 0) {
    Tensor dx = make_blocked_tensor(s.input_shape(), kFloat32, s.block);
    avg_pool_backward_blocked(s, to_blocked(grad, blocked_layout(s.output_shape(), s.block)), blocked_form(dx));
    return dx;
  }
  const Tensor g = contiguous_copy(grad);
  Tensor dx = make_tensor(s.input_shape(), impl(g).dtype);
  const std::int64_t in = volume(s.in), out = volume(s.out);
  dispatch_floating(impl(g).dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* from = data<T>(g);
    T* to = data<T>(dx);
    if (is_global(s))
      return each_image(s, static_cast<double>(in) * 0.1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i)
          std::fill(to + i * in, to + (i + 1) * in, from[i] / static_cast<T>(in));
      });
    const Tensor width = widths<T>(s);
    const std::vector<Tap> row = taps_of_row(s);
    each_image(s, taps(s) * 0.4, [&](std::int64_t begin, std::int64_t end) {
      const Tensor share = make_tensor({s.out[2]}, impl(g).dtype);
      const Tensor columns = s.adaptive ? make_tensor({s.in[2]}, impl(g).dtype) : Tensor();
      for (std::int64_t i = begin; i < end; ++i)
        s.adaptive ? avg_backward_image_adaptive(s, from + i * out, to + i * in, data<T>(width), data<T>(share),
                                                 data<T>(columns))
                   : avg_backward_image(s, row, from + i * out, to + i * in, data<T>(width), data<T>(share));
    });
  });
  return dx;
}

}  // namespace xgrad::detail
