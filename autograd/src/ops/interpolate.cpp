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
#include "core/tape/record.hpp"
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

// Factors where they were given, as scales_d, scales_h and scales_w; the last dimension is the width.
void describe(const Resampling& r, Attributes& list) {
  list.add("mode", detail::choice_text(r.mode));
  list.add("align_corners", r.align_corners);
  list.add("antialias", r.antialias);
  constexpr const char* names[] = {"scales_d", "scales_h", "scales_w"};
  const auto spatial = r.in.size() - 2;
  for (std::size_t i = 0; i < spatial; ++i)
    if (r.scale[i] != 0) list.add(names[kMaxSpatial - spatial + i], r.scale[i]);
}

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

// y[o] = sum of K terms from the K x n tables.
template <int K, class T>
XGRAD_CLONES void sum_taps(std::int64_t n, const std::int32_t* index, const T* weight, const T* x, T* y) {
  for (std::int64_t o = 0; o < n; ++o) {
    T sum(0);
    for (int k = 0; k < K; ++k) sum += x[index[k * n + o]] * weight[k * n + o];
    y[o] = sum;
  }
}
template <class T>
XGRAD_CLONES void double_each(std::int64_t n, const T* x, T* y) {
  for (std::int64_t i = 0; i < n; ++i) y[2 * i] = y[2 * i + 1] = x[i];
}
template <class T>
XGRAD_CLONES void add_pairs(std::int64_t n, const T* x, T* y) {
  for (std::int64_t i = 0; i < n; ++i) y[i] = x[2 * i] + x[2 * i + 1];
}

// How a dimension that is contiguous is resampled: a loop over results that all have as many terms, with tables of
// them, between results that have more or fewer.
template <class T>
class Row {
 public:
  Row(const Weights& w, std::int64_t in) : w_(w), size_(std::ssize(w.start) - 1) {
    const std::int64_t middle = size_ / 2, terms = count(middle);
    if (in > INT32_MAX || (terms != 1 && terms != 2 && terms != 4)) return;
    terms_ = static_cast<int>(terms);
    for (begin_ = middle; begin_ > 0 && count(begin_ - 1) == terms; --begin_) {
    }
    for (end_ = middle; end_ < size_ && count(end_) == terms; ++end_) {
    }
    for (std::int64_t k = 0; k < terms; ++k)
      for (std::int64_t o = begin_; o < end_; ++o) {
        const auto at = static_cast<std::size_t>(w.start[static_cast<std::size_t>(o)] + k);
        index_.push_back(static_cast<std::int32_t>(w.index[at]));
        weight_.push_back(static_cast<T>(w.weight[at]));
      }
    const bool whole = begin_ == 0 && end_ == size_;
    doubles_ = whole && terms == 1 && size_ == 2 * in && follows([](std::int64_t o, std::int64_t) { return o / 2; });
    halves_ =
        whole && terms == 2 && 2 * size_ == in && follows([](std::int64_t o, std::int64_t k) { return 2 * o + k; });
  }
  std::int64_t size() const { return size_; }

  void operator()(const T* x, T* y) const {
    if (doubles_) return double_each(size_ / 2, x, y);
    if (halves_) return add_pairs(size_, x, y);
    one_by_one(0, begin_, x, y);
    const std::int64_t n = end_ - begin_;
    if (terms_ == 1) sum_taps<1>(n, index_.data(), weight_.data(), x, y + begin_);
    if (terms_ == 2) sum_taps<2>(n, index_.data(), weight_.data(), x, y + begin_);
    if (terms_ == 4) sum_taps<4>(n, index_.data(), weight_.data(), x, y + begin_);
    one_by_one(end_, size_, x, y);
  }

 private:
  std::int64_t count(std::int64_t o) const {
    return w_.start[static_cast<std::size_t>(o) + 1] - w_.start[static_cast<std::size_t>(o)];
  }
  // Whether all weights are 1, and term k of result o is element place(o, k).
  template <class F>
  bool follows(const F& place) const {
    for (std::int64_t k = 0; k < terms_; ++k)
      for (std::int64_t o = 0; o < size_; ++o) {
        const auto at = static_cast<std::size_t>(k * size_ + o);
        if (index_[at] != place(o, k) || weight_[at] != T(1)) return false;
      }
    return true;
  }
  void one_by_one(std::int64_t begin, std::int64_t end, const T* x, T* y) const {
    for (std::int64_t o = begin; o < end; ++o) {
      T sum(0);
      for (auto k = static_cast<std::size_t>(w_.start[static_cast<std::size_t>(o)]);
           k < static_cast<std::size_t>(w_.start[static_cast<std::size_t>(o) + 1]); ++k)
        sum += x[w_.index[k]] * static_cast<T>(w_.weight[k]);
      y[o] = sum;
    }
  }

  const Weights& w_;
  std::int64_t size_, begin_ = 0, end_ = 0;
  int terms_ = 0;
  bool doubles_ = false, halves_ = false;
  std::vector<std::int32_t> index_;
  std::vector<T> weight_;
};

// One result row of `inner` elements; row(i) is input row i.
template <class T, class F>
void sum_row(const Weights& w, std::int64_t o, std::int64_t inner, T* y, F&& row) {
  const std::int64_t begin = w.start[static_cast<std::size_t>(o)], end = w.start[static_cast<std::size_t>(o) + 1];
  if (begin == end) std::fill_n(y, inner, T(0));
  for (std::int64_t k = begin; k < end; ++k) {
    const auto at = static_cast<std::size_t>(k);
    const T* from = row(w.index[at]);
    const T f = static_cast<T>(w.weight[at]);
    k == begin ? set_scaled(y, from, inner, f) : add_scaled(y, from, inner, f);
  }
}

// Rows of an image, resampled when one is asked for; those that a result row is made of are kept.
template <class T>
class ResampledRows {
 public:
  ResampledRows(const Row<T>& row, const Weights& w, std::int64_t in) : row_(row), in_(in) {
    for (std::size_t o = 0; o + 1 < w.start.size(); ++o)
      if (w.start[o] < w.start[o + 1]) {
        const auto of = w.index.begin();
        const auto [low, high] = std::minmax_element(of + w.start[o], of + w.start[o + 1]);
        slots_ = std::max(slots_, *high - *low + 1);
      }
    held_.assign(static_cast<std::size_t>(slots_), -1);
    room_.resize(static_cast<std::size_t>(slots_ * row.size()));
  }
  void start_image(const T* x) {
    x_ = x;
    std::fill(held_.begin(), held_.end(), -1);
  }
  const T* operator()(std::int64_t i) {
    std::int64_t& held = held_[static_cast<std::size_t>(i % slots_)];
    T* to = room_.data() + i % slots_ * row_.size();
    if (held != i) row_(x_ + i * in_, to);
    held = i;
    return to;
  }

 private:
  const Row<T>& row_;
  const T* x_ = nullptr;
  std::int64_t in_, slots_ = 1;
  std::vector<std::int64_t> held_;
  std::vector<T> room_;
};

// x with the last dimension resampled, or the last two in one pass.
Tensor resample_rows(const Tensor& x, std::int64_t width, const Weights& w) {
  const Shape& s = impl(x).shape;
  Shape shape = s;
  shape[shape.rank() - 1] = width;
  Tensor y = make_tensor(shape, impl(x).dtype);
  const std::int64_t in = s.back();
  detail::dispatch_floating(impl(x).dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* from = data<T>(x);
    T* to = data<T>(y);
    const Row<T> row(w, in);
    detail::parallel_cost(impl(x).numel / in, static_cast<double>(5 + width),
                          [&](std::int64_t begin, std::int64_t end) {
                            for (std::int64_t r = begin; r < end; ++r) row(from + r * in, to + r * width);
                          });
  });
  return y;
}
Tensor resample_images(const Tensor& x, std::int64_t height, const Weights& down, std::int64_t width,
                       const Weights& across) {
  Shape shape = impl(x).shape;
  const std::int64_t in_width = shape.back(), in = in_width * shape[shape.rank() - 2];
  shape[shape.rank() - 1] = width;
  shape[shape.rank() - 2] = height;
  Tensor y = make_tensor(shape, impl(x).dtype);
  const double ns = 5 + static_cast<double>(width + in_width);
  detail::dispatch_floating(impl(x).dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* from = data<T>(x);
    T* to = data<T>(y);
    const Row<T> row(across, in_width);
    detail::parallel_cost(impl(x).numel / in * height, ns, [&](std::int64_t begin, std::int64_t end) {
      ResampledRows<T> rows(row, down, in_width);
      for (std::int64_t r = begin; r < end; ++r) {
        if (r == begin || r % height == 0) rows.start_image(from + r / height * in);
        sum_row(down, r % height, width, to + r * width, rows);
      }
    });
  });
  return y;
}

// x with dimension d, not the last one, resampled to `size`.
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
    detail::parallel_for(rows, grain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = begin; r < end; ++r)
        sum_row(w, r % size, inner, to + r * inner, [&](std::int64_t i) { return from + (r / size * in + i) * inner; });
    });
  });
  return y;
}

Tensor resample(const Tensor& x, const Resampling& r, bool transposed, const Location& at);

Tensor resample_raw(const Tensor& x, const Resampling& r, bool transposed) {
  Tensor y = detail::contiguous_copy(x);
  if (r.in.numel() == 0) return make_tensor(transposed ? r.in : r.out, impl(x).dtype);
  const Shape& to = transposed ? r.in : r.out;
  const auto along = [&](int d) {
    const Weights w = weights_of(r, r.in[d], r.out[d], r.scale[static_cast<std::size_t>(d - 2)]);
    return transposed ? w.transposed(r.in[d]) : w;
  };
  const int last = r.in.rank() - 1;
  if (last == 2) return resample_rows(y, to[last], along(last));
  y = resample_images(y, to[last - 1], along(last - 1), to[last], along(last));
  for (int d = last - 2; d >= 2; --d) y = resample_along(y, d, to[d], along(d));
  return y;
}

Tensor resample(const Tensor& x, const Resampling& r, bool transposed, const Location& at) {
  return detail::record_with_attributes(
      "interpolate", r, resample_raw(x, r, transposed), {x}, {},
      [transposed](const Resampling& of, const Saved&, const Tensor& g) -> Grads {
        return {resample(g, of, !transposed, Location::current())};
      },
      at, detail::named<"transposed">(transposed));
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
