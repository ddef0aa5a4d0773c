// Resampling is separable: along one dimension every result is a weighted sum of a few elements. The weights of all
// modes stand in a table; the backward pass is the same operation with the transposed table.
#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/ops/interpolate.hpp>
#include <xgrad/parallel.hpp>
#include <xgrad/record.hpp>
#include <xgrad/vec.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tensor_impl.hpp"

namespace xgrad {

using detail::data;
using detail::impl;
using detail::make_tensor;

namespace {

constexpr int kMaxSpatial = 3;

// The numbers of one call.
struct Resampling {
  Interpolation mode;
  bool align_corners, antialias;
  Shape in, out;                            // whole shapes
  std::array<double, kMaxSpatial> scale{};  // given factors; 0: by the sizes
};

// Row o is the sum of weight[k] * input[index[k]] for start[o] <= k < start[o + 1].
struct Weights {
  std::vector<std::int64_t> start{0}, index;
  std::vector<double> weight;
  void add(std::int64_t i, double w) {
    index.push_back(i);
    weight.push_back(w);
  }
  void end_row() { start.push_back(static_cast<std::int64_t>(index.size())); }

  Weights transposed(std::int64_t inputs) const {
    Weights t;
    t.start.assign(static_cast<std::size_t>(inputs) + 1, 0);
    for (const std::int64_t i : index) ++t.start[static_cast<std::size_t>(i) + 1];
    for (std::size_t i = 1; i < t.start.size(); ++i) t.start[i] += t.start[i - 1];
    t.index.resize(index.size());
    t.weight.resize(index.size());
    std::vector<std::int64_t> next = t.start;
    for (std::size_t o = 0; o + 1 < start.size(); ++o)
      for (std::int64_t k = start[o]; k < start[o + 1]; ++k) {
        const auto from = static_cast<std::size_t>(k);
        const auto to = static_cast<std::size_t>(next[static_cast<std::size_t>(index[from])]++);
        t.index[to] = static_cast<std::int64_t>(o);
        t.weight[to] = weight[from];
      }
    return t;
  }
};

// The element nearest to result o. In float32 as in PyTorch, so that ties fall to the same side.
std::int64_t nearest(std::int64_t o, double step, std::int64_t in, bool exact) {
  const float s = static_cast<float>(step), at = (static_cast<float>(o) + (exact ? 0.5f : 0.f)) * s;
  return std::min(static_cast<std::int64_t>(std::floor(at)), in - 1);
}

// The cubic kernel at distance d <= 2.
double cubic_at(double d, double a) {
  return d < 1 ? ((a + 2) * d - (a + 3)) * d * d + 1 : ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
}

// R. Keys, Cubic Convolution Interpolation for Digital Image Processing, 1981: the weights of the four elements around
// a point at distance t behind the second.
std::array<double, 4> cubic(double t) {
  constexpr double a = -0.75;
  return {cubic_at(t + 1, a), cubic_at(t, a), cubic_at(1 - t, a), cubic_at(2 - t, a)};
}

void add_linear(Weights& w, double at, std::int64_t in) {
  const double x = std::max(at, 0.0);
  const std::int64_t i = std::min(static_cast<std::int64_t>(x), in - 1), next = i < in - 1 ? i + 1 : i;
  const double t = x - static_cast<double>(i);
  w.add(i, 1 - t);
  w.add(next, t);
}

void add_cubic(Weights& w, double at, std::int64_t in) {
  const double base = std::floor(at);
  const auto c = cubic(at - base);
  for (int k = 0; k < 4; ++k)
    w.add(std::clamp<std::int64_t>(static_cast<std::int64_t>(base) - 1 + k, 0, in - 1), c[static_cast<std::size_t>(k)]);
}

// The kernel widened to all elements that a result covers, as Pillow and PyTorch do: `step` elements lie between two
// results.
void add_smoothed(Weights& w, double o, double step, std::int64_t in, bool is_cubic) {
  const double wide = std::max(step, 1.0), reach = (is_cubic ? 2 : 1) * wide, centre = step * (o + 0.5);
  const std::int64_t begin = std::max<std::int64_t>(static_cast<std::int64_t>(centre - reach + 0.5), 0);
  const std::int64_t end = std::min(static_cast<std::int64_t>(centre + reach + 0.5), in);
  const auto kernel = [&](std::int64_t i) {
    const double d = std::fabs((static_cast<double>(i) - centre + 0.5) / wide);
    return is_cubic ? (d < 2 ? cubic_at(d, -0.5) : 0) : std::max(1 - d, 0.0);
  };
  double total = 0;
  for (std::int64_t i = begin; i < end; ++i) total += kernel(i);
  for (std::int64_t i = begin; i < end; ++i) w.add(i, total != 0 ? kernel(i) / total : kernel(i));
}

Weights weights_of(const Resampling& r, std::int64_t in, std::int64_t out, double scale) {
  Weights w;
  const double by_size = static_cast<double>(in) / static_cast<double>(out), step = scale > 0 ? 1 / scale : by_size;
  const double corner = out > 1 ? static_cast<double>(in - 1) / static_cast<double>(out - 1) : 0;
  for (std::int64_t o = 0; o < out; ++o, w.end_row()) {
    const double x = static_cast<double>(o);
    if (r.antialias) {
      add_smoothed(w, x, r.align_corners ? corner : step, in, r.mode == Interpolation::bicubic);
      continue;
    }
    const double at = r.align_corners ? corner * x : step * (x + 0.5) - 0.5;
    switch (r.mode) {
      case Interpolation::nearest:
      case Interpolation::nearest_exact:
        w.add(nearest(o, step, in, r.mode == Interpolation::nearest_exact), 1);
        break;
      case Interpolation::area: {
        const std::int64_t begin = o * in / out, end = ((o + 1) * in + out - 1) / out;
        for (std::int64_t i = begin; i < end; ++i) w.add(i, 1 / static_cast<double>(end - begin));
        break;
      }
      case Interpolation::bicubic:
        add_cubic(w, at, in);
        break;
      default:
        add_linear(w, at, in);
    }
  }
  return w;
}

template <class T>
XGRAD_CLONES void add_scaled(T* to, const T* from, std::int64_t n, T w) {
  for (std::int64_t i = 0; i < n; ++i) to[i] += from[i] * w;
}
template <class T>
XGRAD_CLONES void set_scaled(T* to, const T* from, std::int64_t n, T w) {
  for (std::int64_t i = 0; i < n; ++i) to[i] = from[i] * w;
}

// One result row of `inner` elements.
template <class T>
void sum_row(const Weights& w, std::int64_t o, const T* x, std::int64_t inner, T* y) {
  const std::int64_t begin = w.start[static_cast<std::size_t>(o)], end = w.start[static_cast<std::size_t>(o) + 1];
  if (begin == end) std::fill_n(y, inner, T(0));
  for (std::int64_t k = begin; k < end; ++k) {
    const auto at = static_cast<std::size_t>(k);
    const T* from = x + w.index[at] * inner;
    const T f = static_cast<T>(w.weight[at]);
    k == begin ? set_scaled(y, from, inner, f) : add_scaled(y, from, inner, f);
  }
}

template <class T>
void sum_elements(const Weights& w, std::int64_t out, const T* x, T* y) {
  for (std::int64_t o = 0; o < out; ++o) {
    T sum(0);
    for (auto k = static_cast<std::size_t>(w.start[static_cast<std::size_t>(o)]);
         k < static_cast<std::size_t>(w.start[static_cast<std::size_t>(o) + 1]); ++k)
      sum += x[w.index[k]] * static_cast<T>(w.weight[k]);
    y[o] = sum;
  }
}

// x with dimension d resampled to `size`.
Tensor resample_along(const Tensor& x, int d, std::int64_t size, const Weights& w) {
  const Shape& s = impl(x).shape;
  Shape shape = s;
  shape[d] = size;
  Tensor y = make_tensor(shape, impl(x).dtype);
  std::int64_t inner = 1, outer = 1;
  for (int i = 0; i < d; ++i) outer *= s[i];
  for (int i = d + 1; i < s.rank(); ++i) inner *= s[i];
  const std::int64_t rows = outer * size, in = s[d], grain = detail::grain_for(static_cast<double>(5 + inner));
  detail::dispatch_floating(impl(x).dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* from = data<T>(x);
    T* to = data<T>(y);
    if (inner == 1)
      return detail::parallel_for(outer, std::max<std::int64_t>(1, 1000 / (5 + size)), [&](auto begin, auto end) {
        for (std::int64_t r = begin; r < end; ++r) sum_elements(w, size, from + r * in, to + r * size);
      });
    detail::parallel_for(rows, grain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = begin; r < end; ++r)
        sum_row(w, r % size, from + r / size * in * inner, inner, to + r * inner);
    });
  });
  return y;
}

Tensor resample(const Tensor& x, const Resampling& r, bool transposed, const Location& at);

Tensor resample_raw(const Tensor& x, const Resampling& r, bool transposed) {
  Tensor y = detail::contiguous_copy(x);
  if (r.in.numel() == 0) return make_tensor(transposed ? r.in : r.out, impl(x).dtype);
  for (int d = r.in.rank() - 1; d >= 2; --d) {
    const Weights w = weights_of(r, r.in[d], r.out[d], r.scale[static_cast<std::size_t>(d - 2)]);
    y = transposed ? resample_along(y, d, r.in[d], w.transposed(r.in[d])) : resample_along(y, d, r.out[d], w);
  }
  return y;
}

Tensor resample(const Tensor& x, const Resampling& r, bool transposed, const Location& at) {
  return record(
      "interpolate", resample_raw(x, r, transposed), {x}, {},
      [r, transposed](const Saved&, const Tensor& g) -> Grads {
        return {resample(g, r, !transposed, Location::current())};
      },
      at);
}

// ---- checks ----
int spatial_rank(Interpolation mode) {
  switch (mode) {
    case Interpolation::linear:
      return 1;
    case Interpolation::bilinear:
    case Interpolation::bicubic:
      return 2;
    case Interpolation::trilinear:
      return 3;
    default:
      return 0;  // any
  }
}

void require_spatial(const Tensor& x, const InterpolateOptions& o, const Location& at) {
  const int spatial = impl(x).shape.rank() - 2, want = spatial_rank(o.mode);
  if (want ? spatial == want : spatial >= 1 && spatial <= kMaxSpatial) return;
  ErrorReport("interpolate",
              fmt::format("input must be (N, C) and {} spatial dimensions, got {}",
                          want ? fmt::format("{}", want) : "1 to 3", to_string(impl(x).shape)),
              at)
      .operand("input", x)
      .shape_error();
}

Resampling check_options(const Tensor& x, const InterpolateOptions& o, const Location& at) {
  const Shape& s = impl(x).shape;
  const std::size_t spatial = s.size() - 2, given = std::max(o.size.size(), o.scale_factor.size());
  const auto refuse = [&](const std::string& rule) {
    ErrorReport("interpolate", rule, at).operand("input", x).value_error();
  };
  if (o.size.empty() == o.scale_factor.empty()) refuse("needs either size or scale_factor");
  if (given != 1 && given != spatial) refuse(fmt::format("got {} sizes for {} spatial dimensions", given, spatial));
  if (o.align_corners && spatial_rank(o.mode) == 0) refuse("align_corners needs a linear or cubic mode");
  if (o.antialias && o.mode != Interpolation::bilinear && o.mode != Interpolation::bicubic)
    refuse("antialias needs the mode bilinear or bicubic");
  Resampling r{o.mode, o.align_corners, o.antialias, s, s, {}};
  for (std::size_t i = 0; i < spatial; ++i) {
    const std::size_t k = given == 1 ? 0 : i;
    const int d = static_cast<int>(i) + 2;
    if (o.size.empty()) {
      const double size = std::floor(static_cast<double>(s[d]) * o.scale_factor[k]);
      if (!(o.scale_factor[k] > 0) || !(size < 1e15))
        refuse(fmt::format("scale_factor must be positive, got {}", o.scale_factor[k]));
      r.out[d] = static_cast<std::int64_t>(size);
      if (!o.recompute_scale_factor) r.scale[i] = o.scale_factor[k];
    } else {
      r.out[d] = o.size[k];
    }
    if (r.out[d] < 1 || s[d] < 1)
      refuse(fmt::format("sizes must be positive, got {} from {} in dim {}", r.out[d], s[d], d));
  }
  make_tensor(r.out, impl(x).dtype, at);  // what no memory can hold is refused before its weights are computed
  return r;
}

}  // namespace

Tensor interpolate(const Tensor& x, const InterpolateOptions& options, Location at) {
  require_floating("interpolate", x, at);
  require_spatial(x, options, at);
  return resample(x, check_options(x, options, at), false, at);
}

}  // namespace xgrad
