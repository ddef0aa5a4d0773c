// Each lane is copied to memory of its own, with the numbers in front of the NaNs, and ordered there.
#include "kernels/order.hpp"

#include <atomic>

#include <xgrad/vec.hpp>

#include "core/elementwise_loop.hpp"
#include "kernels/lanes.hpp"
#include "kernels/rank_select.hpp"

namespace xgrad::detail {
namespace {

// Results of size m along dim. order(items, numbers, n, out) writes m items to `out`, of which room is there.
template <class F>
Ranked ranked(const Tensor& x, int dim, std::int64_t m, double ns_per_item, const F& order) {
  Shape shape = impl(x).shape;
  if (shape.rank()) shape[dim] = m;
  Ranked r{make_tensor(shape, impl(x).dtype), make_tensor(shape, DType::int64)};
  if (impl(r.values).numel == 0) return r;
  const Tensor from = contiguous_copy(x);
  const LaneShape s(impl(x).shape, dim);
  dispatch_all(impl(x).dtype, [&](auto zero) {
    using T = decltype(zero);
    T* value = data<T>(r.values);
    auto* place = data<std::int64_t>(r.indices);
    for_lanes(data<T>(from), s, ns_per_item, [&](Placed<T>* items, std::int64_t numbers, std::int64_t lane) {
      const Placed<T>* chosen = order(items, numbers, s.n);
      const std::int64_t first = s.first(lane, m);
      for (std::int64_t j = 0; j < m; ++j) {
        value[first + j * s.inner] = chosen[j].value;
        place[first + j * s.inner] = chosen[j].place;
      }
    });
  });
  return r;
}

// Both orders of numbers; equal ones by their place.
struct Ascending {
  template <class T>
  bool operator()(const Placed<T>& a, const Placed<T>& b) const {
    return a.value < b.value || (a.value == b.value && a.place < b.place);
  }
};
struct Descending {
  template <class T>
  bool operator()(const Placed<T>& a, const Placed<T>& b) const {
    return a.value > b.value || (a.value == b.value && a.place < b.place);
  }
};

// The first k of all n items in order.
template <class T, class Before>
void put_first(Placed<T>* items, std::int64_t n, std::int64_t k, Before before) {
  if (k < n) std::nth_element(items, items + k, items + n, before);
  std::sort(items, items + std::min(k, n), before);
}

template <class T>
const Placed<T>* put_largest_first(Placed<T>* items, std::int64_t numbers, std::int64_t n, std::int64_t k) {
  std::rotate(items, items + numbers, items + n);
  const std::int64_t nans = n - numbers;
  if (k > nans) put_first(items + nans, numbers, k - nans, Descending{});
  return items;
}

// The place of the k-th of n elements in order: numbers by value and place, then NaNs by place.
template <class T>
std::int64_t place_of_rank(const T* x, std::int64_t n, std::int64_t numbers, std::int64_t k, RankSelect<T>& select) {
  if (k >= numbers)
    return kth_place(n, k - numbers, [x](std::int64_t i, std::int64_t count) { return count_nans(x + i, count); });
  const T v = select(x, n, k);
  return kth_place(n, k - count_less(x, n, v),
                   [x, v](std::int64_t i, std::int64_t count) { return count_equal(x + i, count, v); });
}

// One element of each lane, of rank(numbers, n).
template <class F>
Ranked one_of_each_lane(const Tensor& x, int dim, const F& rank) {
  Shape shape = impl(x).shape;
  if (shape.rank()) shape[dim] = 1;
  Ranked r{make_tensor(shape, impl(x).dtype), make_tensor(shape, DType::int64)};
  const Tensor from = contiguous_copy(x);
  const LaneShape s(impl(x).shape, dim);
  dispatch_all(impl(x).dtype, [&](auto zero) {
    using T = decltype(zero);
    parallel_for(s.lanes(), grain_for(3 * static_cast<double>(s.n)), [&](std::int64_t begin, std::int64_t end) {
      const auto select = std::make_unique<RankSelect<T>>();
      const auto room = std::make_unique<T[]>(static_cast<std::size_t>(s.inner == 1 ? 0 : s.n));
      for (std::int64_t lane = begin; lane < end; ++lane) {
        const T* row = data<T>(from) + s.first(lane, s.n);
        for (std::int64_t j = 0; s.inner != 1 && j < s.n; ++j) room[static_cast<std::size_t>(j)] = row[j * s.inner];
        if (s.inner != 1) row = room.get();
        const std::int64_t numbers = s.n - count_nans(row, s.n);
        const std::int64_t place = place_of_rank(row, s.n, numbers, rank(numbers, s.n), *select);
        data<T>(r.values)[lane] = row[place];
        data<std::int64_t>(r.indices)[lane] = place;
      }
    });
  });
  return r;
}

// Whether some of n elements come before `last`, or are not numbers.
template <bool Largest, class T>
XGRAD_CLONES bool any_before(const T* x, std::int64_t n, T last) {
  unsigned some = 0;
  for (std::int64_t i = 0; i < n; ++i) some |= unsigned{Largest ? x[i] > last : x[i] < last} | unsigned{x[i] != x[i]};
  return some != 0;
}

// The first k of a row in order, equal ones by their place: most of the row is only compared with the last of them.
// False: it has a NaN.
template <bool Largest, class T>
bool first_few(const T* x, std::int64_t n, std::int64_t k, T* value, std::int64_t* place) {
  constexpr std::int64_t kBlock = 64;
  const auto before = [](T a, T b) { return Largest ? a > b : a < b; };
  std::int64_t have = 0;
  for (std::int64_t block = 0; block < n; block += kBlock) {
    const std::int64_t end = std::min(n, block + kBlock);
    if (have == k && !any_before<Largest>(x + block, end - block, value[k - 1])) continue;
    for (std::int64_t i = block; i < end; ++i) {
      if (not_a_number(x[i])) return false;
      if (have == k && !before(x[i], value[k - 1])) continue;
      std::int64_t at = have < k ? have++ : k - 1;
      for (; at > 0 && before(x[i], value[at - 1]); --at) {
        value[at] = value[at - 1];
        place[at] = place[at - 1];
      }
      value[at] = x[i];
      place[at] = i;
    }
  }
  return true;
}

// topk of rows for few results; undefined where a NaN is among the numbers, or lanes are no rows.
Ranked few_of_rows(const Tensor& x, std::int64_t k, int dim, bool largest) {
  constexpr std::int64_t kFew = 16;
  const LaneShape s(impl(x).shape, dim);
  if (s.inner != 1 || k == 0 || k > kFew || 8 * k > s.n) return {};
  Shape shape = impl(x).shape;
  shape[dim] = k;
  Ranked r{make_tensor(shape, impl(x).dtype), make_tensor(shape, DType::int64)};
  const Tensor from = contiguous_copy(x);
  std::atomic<bool> numbers = true;
  dispatch_all(impl(x).dtype, [&](auto zero) {
    using T = decltype(zero);
    const auto run = largest ? &first_few<true, T> : &first_few<false, T>;
    parallel_for(s.outer, grain_for(static_cast<double>(s.n)), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end && numbers; ++i)
        if (!run(data<T>(from) + i * s.n, s.n, k, data<T>(r.values) + i * k, data<std::int64_t>(r.indices) + i * k))
          numbers = false;
    });
  });
  return numbers ? r : Ranked();
}

double sorting_ns(std::int64_t n) { return 5 * std::log2(static_cast<double>(n) + 2); }

}  // namespace

Ranked sort_raw(const Tensor& x, int dim, bool descending) {
  const std::int64_t n = LaneShape(impl(x).shape, dim).n;
  return ranked(x, dim, n, sorting_ns(n), [descending](auto* items, std::int64_t numbers, std::int64_t all) {
    if (descending) return put_largest_first(items, numbers, all, all);
    put_first(items, numbers, numbers, Ascending{});
    return static_cast<decltype(put_largest_first(items, numbers, all, all))>(items);
  });
}

Ranked topk_raw(const Tensor& x, std::int64_t k, int dim, bool largest) {
  if (Ranked few = few_of_rows(x, k, dim, largest); few.values.defined()) return few;
  return ranked(x, dim, k, 10, [k, largest](auto* items, std::int64_t numbers, std::int64_t all) {
    if (largest) return put_largest_first(items, numbers, all, k);
    put_first(items, numbers, std::min(k, numbers), Ascending{});
    return static_cast<decltype(put_largest_first(items, numbers, all, k))>(items);
  });
}

Ranked kth_raw(const Tensor& x, std::int64_t k, int dim) {
  return one_of_each_lane(x, dim, [k](std::int64_t, std::int64_t) { return k; });
}

Ranked median_raw(const Tensor& x, int dim, bool ignore_nan) {
  return one_of_each_lane(x, dim, [ignore_nan](std::int64_t numbers, std::int64_t all) {
    const bool nan = numbers == 0 || (numbers < all && !ignore_nan);
    return nan ? numbers : (numbers - 1) / 2;
  });
}

Ranked mode_raw(const Tensor& x, int dim) {
  const std::int64_t n = LaneShape(impl(x).shape, dim).n;
  return ranked(x, dim, 1, sorting_ns(n), [](auto* items, std::int64_t numbers, std::int64_t) {
    std::sort(items, items + numbers, Ascending{});
    std::int64_t best = 0, most = 0, begin = 0;  // of NaNs alone: the first
    for (std::int64_t i = 0; i < numbers; ++i) {
      if (i + 1 < numbers && items[i].value == items[i + 1].value) continue;
      if (i + 1 - begin > most) {
        most = i + 1 - begin;
        best = i;
      }
      begin = i + 1;
    }
    const auto* chosen = items + best;
    return chosen;
  });
}

}  // namespace xgrad::detail
