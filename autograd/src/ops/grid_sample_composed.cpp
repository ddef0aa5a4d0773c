#include "ops/grid_sample_composed.hpp"

#include <array>
#include <vector>

#include <xgrad/autograd.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/comparison.hpp>
#include <xgrad/ops/factory.hpp>
#include <xgrad/ops/index.hpp>
#include <xgrad/ops/join.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/slice.hpp>
#include <xgrad/ops/view.hpp>

#include "core/elementwise_loop.hpp"

namespace xgrad::detail {
namespace {

// Sums in which a missing tensor is 0.
Tensor sum_of(const Tensor& x, const Tensor& y) { return !x.defined() ? y : !y.defined() ? x : add(x, y); }
Tensor product(const Tensor& x, const Tensor& y) { return x.defined() && y.defined() ? mul(x, y) : Tensor(); }

// The elements that all places (in order, of all batches) read along one dimension. Which those are is constant; the
// weights and their derivatives to the number of the grid are columns of recorded operations, undefined where 0.
struct Along {
  Tensor at;                                // int64, (taps, places)
  std::vector<std::array<Tensor, 3>> taps;  // weight, first, second derivative

  Along(const GridShape& s, const Tensor& grid, int dimension) {
    const std::int64_t n = s.batches * s.places;
    const Tensor number = reshape(select(grid, -1, 2 - dimension), {n, 1});
    Tensor slope = make_tensor({n, 1}, impl(grid).dtype), rest = make_tensor({n, 1}, impl(grid).dtype);
    at = make_tensor({s.taps, n}, DType::int64);
    const Tensor packed = contiguous_copy(grid);
    dispatch_floating(impl(grid).dtype, [&](auto zero) {
      using T = decltype(zero);
      grid_taps(s, data<T>(packed), dimension, data<std::int64_t>(at), data<T>(slope), data<T>(rest));
    });
    if (s.taps == 1) {
      taps = {{ones({n, 1}, {.dtype = impl(grid).dtype}), Tensor(), Tensor()}};
      return;
    }
    // A line in the number, through what it is now.
    const Tensor moving = where(eq(slope, 0), Scalar(0.0), number);
    const Tensor now = moving.detach();
    const Tensor t = add(mul(slope, moving), sub(rest, mul(slope, now)));
    s.taps == 2 ? set_linear(t, slope) : set_cubic(t, slope);
  }

 private:
  void set_linear(const Tensor& t, const Tensor& slope) {
    taps = {{rsub(t, 1), neg(slope), Tensor()}, {t, slope, Tensor()}};
  }
  // c3 t^3 + c2 t^2 + c1 t + c0 of the distance d, which grows with `direction`.
  static std::array<Tensor, 3> cubic(const Tensor& d, const Tensor& slope, double direction,
                                     const std::array<double, 4>& c) {
    const Tensor value = add(mul(add(mul(add(mul(d, c[0]), c[1]), d), c[2]), d), c[3]);
    const Tensor first = add(mul(add(mul(d, 3 * c[0]), 2 * c[1]), d), c[2]);
    const Tensor second = add(mul(d, 6 * c[0]), 2 * c[1]);
    return {value, mul(first, mul(slope, direction)), mul(second, mul(slope, slope))};
  }
  void set_cubic(const Tensor& t, const Tensor& slope) {
    constexpr double a = -0.75;  // as in kernels/grid_sample.cpp
    constexpr std::array<double, 4> near{a + 2, -a - 3, 0, 1}, far{a, -5 * a, 8 * a, -4 * a};
    const Tensor back = rsub(t, 1);
    taps = {cubic(add(t, 1), slope, 1, far), cubic(t, slope, 1, near), cubic(back, slope, -1, near),
            cubic(add(back, 1), slope, -1, far)};
  }
};

// (N, C, ...) as rows of channels, and back.
Tensor as_rows(const Tensor& x) {
  return reshape(movedim(x, 1, -1), {impl(x).numel / impl(x).shape[1], impl(x).shape[1]});
}
Tensor from_rows(const Tensor& rows, const Tensor& like) {
  Shape s = impl(like).shape;
  s.erase(1);
  s.push_back(impl(like).shape[1]);
  return movedim(reshape(rows, s), -1, 1);
}

// One element of each place.
class Reading {
 public:
  Reading(const GridShape& s, const std::vector<Along>& along, const std::vector<int>& tap) : along_(along), tap_(tap) {
    const NoGradGuard off;
    Tensor at;
    for (std::size_t d = 0; d < along.size(); ++d) {
      const Tensor part = select(along[d].at, 0, tap[d]), inside = ge(part, 0);
      at = sum_of(at, part);
      inside_ = inside_.defined() ? logical_and(inside_, inside) : inside;
    }
    const Tensor batch = reshape(arange(Scalar(s.batches)), {s.batches, 1});
    const Tensor first = reshape(expand(mul(batch, s.elements()), {s.batches, s.places}), {s.batches * s.places});
    index_ = where(inside_, add(at, first), Scalar(0));
    inside_ = unsqueeze(inside_, 1);
  }
  Tensor read(const Tensor& rows) const {
    return rows.defined() ? where(inside_, index_select(rows, 0, index_), Scalar(0.0)) : Tensor();
  }
  Tensor spread(const Tensor& to, const Tensor& rows) const {
    return index_add(to, 0, index_, where(inside_, rows, Scalar(0.0)));
  }
  // The weight, derived to these dimensions (-1: not).
  Tensor weight(int first, int second) const {
    Tensor w;
    for (std::size_t d = 0; d < along_.size(); ++d) {
      const int k = static_cast<int>(d);
      const Tensor& part = along_[d].taps[static_cast<std::size_t>(tap_[d])][(k == first) + (k == second)];
      if (!part.defined()) return {};
      w = d == 0 ? part : mul(w, part);
    }
    return w;
  }

 private:
  const std::vector<Along>& along_;
  const std::vector<int>& tap_;
  Tensor inside_, index_;
};

// The next combination of taps; false after the last.
bool next(std::vector<int>& tap, int taps) {
  for (std::size_t d = tap.size(); d-- > 0;) {
    if (++tap[d] < taps) return true;
    tap[d] = 0;
  }
  return false;
}

}  // namespace

// With the weights W of each element that a place reads, and V = sum of b_d dW/dx_d: dg = sum W a + V x,
// dx = the sum of g V where the element stands, and dgrid_e = the sum of g (dW/dx_e a + dV/dx_e x).
Grads grid_sample_second_composed(const GridShape& s, const Tensor& g, const Tensor& x, const Tensor& grid,
                                  const Tensor& a, const Tensor& b) {
  if (impl(g).numel == 0) {
    const auto none = [](const Tensor& t) { return zeros_raw(impl(t).shape, impl(t).dtype); };
    return {none(g), none(x), none(grid)};
  }
  const int n = s.spatial;
  std::vector<Along> along;
  std::vector<Tensor> of_b, dgrid(static_cast<std::size_t>(n));
  for (int d = 0; d < n; ++d) {
    along.emplace_back(s, grid, 3 - n + d);
    of_b.push_back(b.defined() ? reshape(select(b, -1, n - 1 - d), {s.batches * s.places, 1}) : Tensor());
  }
  const Tensor seed = as_rows(g), image = as_rows(x), other = a.defined() ? as_rows(a) : Tensor();
  Tensor dg, dx = zeros_raw(impl(image).shape, impl(x).dtype);
  std::vector<int> tap(along.size());
  do {
    const Reading r(s, along, tap);
    const Tensor here = r.read(image), there = r.read(other);
    const auto along_b = [&](int e) {
      Tensor v;
      for (int d = 0; d < n; ++d) v = sum_of(v, product(of_b[static_cast<std::size_t>(d)], r.weight(d, e)));
      return v;
    };
    const Tensor v = along_b(-1);
    dg = sum_of(dg, sum_of(product(there, r.weight(-1, -1)), product(here, v)));
    if (v.defined()) dx = r.spread(dx, mul(seed, v));
    for (int e = 0; e < n; ++e) {
      Tensor& to = dgrid[static_cast<std::size_t>(e)];
      to = sum_of(to, product(seed, sum_of(product(there, r.weight(e, -1)), product(here, along_b(e)))));
    }
  } while (next(tap, s.taps));
  std::vector<Tensor> columns;  // the last dimension first
  for (int e = n - 1; e >= 0; --e) {
    const Tensor& rows = dgrid[static_cast<std::size_t>(e)];
    columns.push_back(rows.defined() ? sum(rows, {1}) : zeros({s.batches * s.places}, {.dtype = impl(x).dtype}));
  }
  return {dg.defined() ? from_rows(dg, g) : zeros_raw(impl(g).shape, impl(g).dtype), from_rows(dx, x),
          reshape(stack(columns, -1), impl(grid).shape)};
}

}  // namespace xgrad::detail
