// Places go in blocks: the elements and weights of a block are found once, and then read channel by channel. No product
// and sum may be fused, so that values are the same on every CPU.
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

#include "kernels/grid_sample.hpp"

#include <algorithm>
#include <cmath>

#include <xgrad/parallel.hpp>
#include <xgrad/vec.hpp>

namespace xgrad::detail {
namespace {

constexpr std::int64_t kBlock = 32;  // places
// Taken off the offset for each dimension in which nothing is there: the sum is then below 0, and three times it is
// still in range. Offsets have 32 bits where an image has fewer elements than that: twice as many are gathered at a
// time.
template <class I>
constexpr I kOutside = I{1} << (sizeof(I) == 8 ? 60 : 29);
constexpr double kFar = 1e9;  // no image reaches there, and an integer can say it

// ---- one coordinate ----
// In elements, how it moves with the number of the grid, and whether both are known.
template <class T>
struct Coordinate {
  T v, slope;
};

template <class T>
XGRAD_INLINE void clamp_to(Coordinate<T>& c, T low, T high) {
  if (!(c.v > low && c.v < high)) c.slope = 0;
  c.v = c.v < low ? low : c.v > high ? high : c.v;
}

// Reflected between the ends of the image, or the centres of its outer elements.
template <class T>
XGRAD_INLINE void reflect(Coordinate<T>& c, const GridShape& s, std::int64_t size) {
  const auto n = static_cast<T>(size);
  const T low = s.align_corners ? T(0) : T(-0.5), span = s.align_corners ? n - 1 : n;
  if (span <= 0) {
    c = {c.v * 0, 0};
    return;
  }
  const T from = c.v - low, away = from < 0 ? -from : from, flips = std::floor(away / span), rest = away - flips * span;
  const bool even = flips - 2 * std::floor(flips / 2) == 0;
  c.v = even ? rest + low : (span + low) - rest;
  if ((from < 0) == even) c.slope = -c.slope;
}

template <class T>
XGRAD_INLINE Coordinate<T> coordinate(const GridShape& s, std::int64_t size, T number) {
  const auto n = static_cast<T>(size);
  const bool known = number == number;
  const T from_left = (known ? number : T(-1)) + 1;
  Coordinate<T> c{s.align_corners ? from_left * ((n - 1) / 2) : (from_left * n - 1) * T(0.5), !known ? T(0)
                                                                                              : s.align_corners
                                                                                                  ? (n - 1) / 2
                                                                                                  : n / 2};
  if (s.taps == 4 || s.edge == GridEdge::reflection) clamp_to(c, static_cast<T>(-kFar), static_cast<T>(kFar));
  if (s.taps == 4) return c;
  if (s.edge == GridEdge::zeros) {
    clamp_to(c, T(-2), n + 1);
  } else {
    if (s.edge == GridEdge::reflection) reflect(c, s, size);
    clamp_to(c, T(0), n - 1);  // as in PyTorch there is no gradient at the edge or beyond
  }
  return c;
}

// The element numbered v, which may lie outside; -1: nowhere.
template <class T>
XGRAD_INLINE std::int64_t element(const GridShape& s, std::int64_t size, T v) {
  const auto last = static_cast<T>(size - 1);
  if (s.edge == GridEdge::zeros && !(v >= 0 && v <= last)) return -1;
  if (s.edge == GridEdge::reflection) {
    Coordinate<T> c{v, T(0)};
    reflect(c, s, size);
    v = c.v;
  }
  return static_cast<std::int64_t>(v > last ? last : v > 0 ? v : T(0));
}

// ---- weights ----
// c3 d^3 + c2 d^2 + c1 d + c0 and its derivatives.
template <class T>
struct Cubic {
  T c3, c2, c1, c0;
  XGRAD_INLINE T at(T d) const { return ((d * c3 + c2) * d + c1) * d + c0; }
  XGRAD_INLINE T first(T d) const { return (d * (3 * c3) + 2 * c2) * d + c1; }
  XGRAD_INLINE T second(T d) const { return d * (6 * c3) + 2 * c2; }
};

// Of the taps, and their first and second derivatives to the number of the grid, `rest` behind the element before.
// Cubic: R. Keys 1981, a = -0.75.
template <class T>
struct Weights {
  T w[4], first[4], second[4];

  XGRAD_INLINE Weights(int taps, T rest, T slope) {
    const T curve = slope * slope;
    if (taps == 1) {
      set(0, T(1), T(0), T(0));
    } else if (taps == 2) {
      set(0, 1 - rest, -slope, T(0));
      set(1, rest, slope, T(0));
    } else {
      constexpr double a = -0.75;
      constexpr Cubic<T> near{T(a + 2), T(-a - 3), T(0), T(1)}, far{T(a), T(-5 * a), T(8 * a), T(-4 * a)};
      const T left = rest + 1, back = 1 - rest, right = back + 1;
      set(0, far.at(left), far.first(left) * slope, far.second(left) * curve);
      set(1, near.at(rest), near.first(rest) * slope, near.second(rest) * curve);
      set(2, near.at(back), -near.first(back) * slope, near.second(back) * curve);
      set(3, far.at(right), -far.first(right) * slope, far.second(right) * curve);
    }
  }

 private:
  XGRAD_INLINE void set(int k, T value, T d1, T d2) {
    w[k] = value;
    first[k] = d1;
    second[k] = d2;
  }
};

// The taps of one number of the grid along a dimension: parts of an offset, -kOutside where nothing is.
template <class T, class I = std::int64_t>
struct Found {
  I at[4];
  T slope, rest;

  XGRAD_INLINE Found(const GridShape& s, int dimension, T number) {
    const std::int64_t size = s.sizes[static_cast<std::size_t>(dimension)];
    const std::int64_t step = dimension == 2 ? 1 : dimension == 1 ? s.sizes[2] : s.sizes[1] * s.sizes[2];
    const Coordinate<T> c = coordinate(s, size, number);
    slope = s.taps == 1 ? T(0) : c.slope;
    const T base = s.taps == 1 ? std::nearbyint(c.v) : std::floor(c.v);
    rest = c.v - base;
    const int first = s.taps == 4 ? -1 : 0;
    for (int k = 0; k < s.taps; ++k) {
      const std::int64_t i = element(s, size, base + static_cast<T>(first + k));
      at[k] = i < 0 ? -kOutside<I> : static_cast<I>(i * step);
    }
  }
};

// ---- a block of places ----
template <class T, class I>
struct Along {
  I at[4][kBlock];
  T w[4][kBlock], first[4][kBlock];
};

// For K taps, with the rounding of this CPU.
template <int K, class T, class I>
XGRAD_CLONES void find_along(const GridShape& given, int dimension, const T* grid, std::int64_t n, Along<T, I>& a) {
  GridShape s = given;
  s.taps = K;
  for (std::int64_t p = 0; p < n; ++p) {
    const Found<T, I> f(s, dimension, grid[p * s.spatial + 2 - dimension]);
    const Weights<T> w(K, f.rest, f.slope);
    for (int k = 0; k < K; ++k) {
      a.at[k][p] = f.at[k];
      a.w[k][p] = w.w[k];
      a.first[k][p] = w.first[k];
    }
  }
}

template <class T, class I>
struct Block {
  Along<T, I> along[3];  // depth, height, width

  void find(const GridShape& s, const T* grid, std::int64_t n) {
    for (int d = 0; d < 3; ++d) {
      Along<T, I>& a = along[d];
      if (d == 0 && s.spatial == 2) {  // one element
        for (std::int64_t p = 0; p < n; ++p) a.at[0][p] = 0, a.w[0][p] = 1, a.first[0][p] = 0;
        continue;
      }
      s.taps == 1   ? find_along<1>(s, d, grid, n, a)
      : s.taps == 2 ? find_along<2>(s, d, grid, n, a)
                    : find_along<4>(s, d, grid, n, a);
    }
  }
};

// What stands at an offset; 0 where nothing is, whatever else stands there.
template <class T, class I>
XGRAD_INLINE T read(const T* x, I at) {
  const T v = x[at < 0 ? 0 : at];
  return at < 0 ? T(0) : v;
}

template <int Z, int K, class T, class I>
XGRAD_CLONES void read_block(const Block<T, I>& b, const T* __restrict x, T* __restrict y, std::int64_t n) {
  const auto& [az, ay, ax] = b.along;
  for (std::int64_t p = 0; p < n; ++p) {
    T planes = 0;
    for (int i = 0; i < Z; ++i) {
      T rows = 0;
      for (int j = 0; j < K; ++j) {
        const I row = az.at[i][p] + ay.at[j][p];
        const T w = az.w[i][p] * ay.w[j][p];
        T sum = 0;
        for (int k = 0; k < K; ++k) {
          const T term = read(x, row + ax.at[k][p]) * (w * ax.w[k][p]);
          sum = k == 0 ? term : sum + term;
        }
        rows = j == 0 ? sum : rows + sum;
      }
      planes = i == 0 ? rows : planes + rows;
    }
    y[p] = planes;
  }
}

// d[i] += g times the derivative of what is read, to the number about dimension i.
template <int Z, int K, class T, class I>
XGRAD_CLONES void slopes_block(const Block<T, I>& b, const T* __restrict x, const T* __restrict g,
                               T (*__restrict d)[kBlock], std::int64_t n) {
  const auto& [az, ay, ax] = b.along;
  for (std::int64_t p = 0; p < n; ++p) {
    T dz = 0, dy = 0, dx = 0;
    for (int i = 0; i < Z; ++i)
      for (int j = 0; j < K; ++j) {
        const I row = az.at[i][p] + ay.at[j][p];
        T sum = 0, slope = 0;
        for (int k = 0; k < K; ++k) {
          const T v = read(x, row + ax.at[k][p]);
          sum += v * ax.w[k][p];
          slope += v * ax.first[k][p];
        }
        dx += slope * (az.w[i][p] * ay.w[j][p]);
        dy += sum * (az.w[i][p] * ay.first[j][p]);
        dz += sum * (az.first[i][p] * ay.w[j][p]);
      }
    d[0][p] += g[p] * dz;
    d[1][p] += g[p] * dy;
    d[2][p] += g[p] * dx;
  }
}

template <int Z, int K, class T, class I>
void spread_block(const Block<T, I>& b, const T* g, T* x, std::int64_t n) {
  const auto& [az, ay, ax] = b.along;
  for (std::int64_t p = 0; p < n; ++p)
    for (int i = 0; i < Z; ++i)
      for (int j = 0; j < K; ++j) {
        const I row = az.at[i][p] + ay.at[j][p];
        const T w = az.w[i][p] * ay.w[j][p];
        for (int k = 0; k < K; ++k)
          if (const I at = row + ax.at[k][p]; at >= 0) x[at] += g[p] * (w * ax.w[k][p]);
      }
}

// f.operator()<taps in depth, taps in height and width>()
template <class F>
void with_taps(const GridShape& s, const F& f) {
  if (s.taps == 4) return f.template operator()<1, 4>();
  if (s.taps == 1) return f.template operator()<1, 1>();
  s.spatial == 2 ? f.template operator()<1, 2>() : f.template operator()<2, 2>();
}

// f.operator()<type of offsets>()
template <class F>
void with_offsets(const GridShape& s, const F& f) {
  s.elements() < kOutside<std::int32_t> ? f.template operator()<std::int32_t>() : f.template operator()<std::int64_t>();
}

double tap_count(const GridShape& s) { return std::pow(s.taps, s.spatial); }
double finding_ns(const GridShape& s) { return 5.0 * s.spatial; }

// f(block, batch, first place, places) for blocks of a range of all blocks of all batches.
template <class I, class T, class F>
void each_block(const GridShape& s, const T* grid, double ns_per_place, const F& f) {
  const std::int64_t per = (s.places + kBlock - 1) / kBlock;
  parallel_for(s.batches * per, grain_for(ns_per_place * static_cast<double>(std::min(kBlock, s.places))),
               [&](std::int64_t begin, std::int64_t end) {
                 Block<T, I> block;
                 for (std::int64_t i = begin; i < end; ++i) {
                   const std::int64_t batch = i / per, first = i % per * kBlock;
                   const std::int64_t n = std::min(kBlock, s.places - first);
                   block.find(s, grid + (batch * s.places + first) * s.spatial, n);
                   f(block, batch, first, n);
                 }
               });
}

// The gradient of the images: threads share out channels, so that every element is added to in the order of the places.
template <class I, class T>
void add_to_images(const GridShape& s, const T* grid, const T* g, T* dx) {
  constexpr std::int64_t kChannels = 8;  // for which a block is found once
  const std::int64_t parts = (s.channels + kChannels - 1) / kChannels, many = std::min(kChannels, s.channels);
  const double ns = finding_ns(s) + 0.75 * tap_count(s) * static_cast<double>(many);
  parallel_for(s.batches * parts, grain_for(ns * static_cast<double>(s.places)),
               [&](std::int64_t begin, std::int64_t end) {
                 Block<T, I> block;
                 for (std::int64_t i = begin; i < end; ++i) {
                   const std::int64_t batch = i / parts, low = i % parts * kChannels;
                   const std::int64_t high = std::min(s.channels, low + kChannels);
                   for (std::int64_t p = 0; p < s.places; p += kBlock) {
                     const std::int64_t n = std::min(kBlock, s.places - p);
                     block.find(s, grid + (batch * s.places + p) * s.spatial, n);
                     with_taps(s, [&]<int Z, int K>() {
                       for (std::int64_t c = batch * s.channels + low; c < batch * s.channels + high; ++c)
                         spread_block<Z, K>(block, g + c * s.places + p, dx + c * s.elements(), n);
                     });
                   }
                 }
               });
}

template <class I, class T>
void slopes_of_grid(const GridShape& s, const T* x, const T* grid, const T* g, T* dgrid) {
  const double ns = finding_ns(s) + 0.75 * tap_count(s) * static_cast<double>(s.channels);
  each_block<I>(s, grid, ns, [&](const Block<T, I>& block, std::int64_t batch, std::int64_t first, std::int64_t n) {
    T d[3][kBlock] = {};
    with_taps(s, [&]<int Z, int K>() {
      for (std::int64_t c = batch * s.channels; c < (batch + 1) * s.channels; ++c)
        slopes_block<Z, K>(block, x + c * s.elements(), g + c * s.places + first, d, n);
    });
    T* to = dgrid + (batch * s.places + first) * s.spatial;
    for (std::int64_t p = 0; p < n; ++p)
      for (int i = 0; i < s.spatial; ++i) to[p * s.spatial + i] = d[2 - i][p];
  });
}

// ---- the second derivative ----
// All elements that one place reads: W, V = sum of b_d dW/dx_d, and the derivatives of both to the numbers of the grid.
template <class T>
struct Combined {
  int n = 0;
  std::int64_t at[16];
  T w[16], v[16], dw[16][3], dv[16][3];

  Combined(const GridShape& s, const T* grid, const T* b) {
    T none[3] = {};
    const T* to = b ? b : none;
    Along1 along[3] = {Along1(s, 0, grid), Along1(s, 1, grid), Along1(s, 2, grid)};
    for (int i = 0; i < along[0].n; ++i)
      for (int j = 0; j < along[1].n; ++j)
        for (int k = 0; k < along[2].n; ++k) {
          const std::int64_t offset = along[0].at[i] + along[1].at[j] + along[2].at[k];
          if (offset >= 0) add(s, along, {i, j, k}, offset, to);
        }
  }

 private:
  struct Along1 {
    int n = 1;
    std::int64_t at[4] = {};
    T by_order[3][4] = {{T(1)}};  // weights, first and second derivatives

    Along1(const GridShape& s, int dimension, const T* grid) {
      if (dimension == 0 && s.spatial == 2) return;
      const Found<T> f(s, dimension, grid[2 - dimension]);
      const Weights<T> w(s.taps, f.rest, f.slope);
      n = s.taps;
      std::copy_n(f.at, n, at);
      std::copy_n(w.w, n, by_order[0]);
      std::copy_n(w.first, n, by_order[1]);
      std::copy_n(w.second, n, by_order[2]);
    }
  };

  void add(const GridShape& s, const Along1* along, const std::array<int, 3>& tap, std::int64_t offset, const T* b) {
    // The weight, derived to the dimensions given (-1: not).
    const auto derived = [&](int first, int second) {
      T product = 1;
      for (int d = 0; d < 3; ++d)
        product *= along[d].by_order[(d == first) + (d == second)][tap[static_cast<std::size_t>(d)]];
      return product;
    };
    at[n] = offset;
    w[n] = derived(-1, -1);
    v[n] = 0;
    for (int i = 0; i < s.spatial; ++i) {
      dw[n][i] = derived(2 - i, -1);
      v[n] += b[i] * dw[n][i];
      dv[n][i] = 0;
      for (int j = 0; j < s.spatial; ++j) dv[n][i] += b[j] * derived(2 - i, 2 - j);
    }
    ++n;
  }
};

template <class T>
void second_of_channel(const Combined<T>& read, const T* x, const T* a, T g, int spatial, T* dg, T* dx, T* dgrid) {
  T sum = 0;
  for (int k = 0; k < read.n; ++k) {
    const T of_a = a ? a[read.at[k]] : T(0), of_x = x[read.at[k]];
    sum += read.w[k] * of_a + read.v[k] * of_x;
    if (dx) dx[read.at[k]] += g * read.v[k];
    if (dgrid)
      for (int i = 0; i < spatial; ++i) dgrid[i] += g * (read.dw[k][i] * of_a + read.dv[k][i] * of_x);
  }
  if (dg) *dg = sum;
}

}  // namespace

template <class T>
void grid_sample_forward(const GridShape& s, const T* x, const T* grid, T* y) {
  const double ns = finding_ns(s) + 0.5 * tap_count(s) * static_cast<double>(s.channels);
  with_offsets(s, [&]<class I>() {
    each_block<I>(s, grid, ns, [&](const Block<T, I>& block, std::int64_t batch, std::int64_t first, std::int64_t n) {
      with_taps(s, [&]<int Z, int K>() {
        for (std::int64_t c = batch * s.channels; c < (batch + 1) * s.channels; ++c)
          read_block<Z, K>(block, x + c * s.elements(), y + c * s.places + first, n);
      });
    });
  });
}

template <class T>
void grid_sample_backward(const GridShape& s, const T* x, const T* grid, const T* g, T* dx, T* dgrid) {
  with_offsets(s, [&]<class I>() {
    if (dx) add_to_images<I>(s, grid, g, dx);
    if (dgrid) slopes_of_grid<I>(s, x, grid, g, dgrid);
  });
}

template <class T>
void grid_sample_backward_twice(const GridShape& s, const T* x, const T* grid, const T* g, const GridSecond<T>& d) {
  const double ns = (100 + 10 * static_cast<double>(s.channels)) * tap_count(s) * static_cast<double>(s.places);
  parallel_for(s.batches, grain_for(ns), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin * s.places; i < end * s.places; ++i) {
      const std::int64_t batch = i / s.places, p = i % s.places;
      const Combined<T> read(s, grid + i * s.spatial, d.b ? d.b + i * s.spatial : nullptr);
      T* dgrid = d.dgrid ? d.dgrid + i * s.spatial : nullptr;
      if (dgrid) std::fill_n(dgrid, s.spatial, T(0));
      for (std::int64_t c = batch * s.channels; c < (batch + 1) * s.channels; ++c) {
        const std::int64_t image = c * s.elements(), at = c * s.places + p;
        second_of_channel(read, x + image, d.a ? d.a + image : nullptr, g[at], s.spatial, d.dg ? d.dg + at : nullptr,
                          d.dx ? d.dx + image : nullptr, dgrid);
      }
    }
  });
}

template <class T>
void grid_taps(const GridShape& s, const T* grid, int dimension, std::int64_t* at, T* slope, T* rest) {
  const std::int64_t n = s.batches * s.places;
  for (std::int64_t i = 0; i < n; ++i) {
    const Found<T> f(s, dimension, grid[i * s.spatial + 2 - dimension]);
    slope[i] = f.slope;
    rest[i] = f.rest;
    for (int k = 0; k < s.taps; ++k) at[k * n + i] = std::max<std::int64_t>(f.at[k], -1);
  }
}

#define XGRAD_INSTANTIATE(T)                                                                                      \
  template void grid_sample_forward(const GridShape&, const T*, const T*, T*);                                    \
  template void grid_sample_backward(const GridShape&, const T*, const T*, const T*, T*, T*);                     \
  template void grid_sample_backward_twice(const GridShape&, const T*, const T*, const T*, const GridSecond<T>&); \
  template void grid_taps(const GridShape&, const T*, int, std::int64_t*, T*, T*);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad::detail
