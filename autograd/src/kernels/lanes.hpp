// A contiguous tensor seen as lanes along one dimension, shared out over threads.
#pragma once

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <vector>

#include <xgrad/parallel.hpp>

#include "core/tensor_impl.hpp"

namespace xgrad::detail {

// (outer, n, inner) with n the size of dimension dim; a 0-d tensor has one lane of one element.
struct LaneShape {
  std::int64_t outer = 1, n = 1, inner = 1;
  LaneShape(const Shape& s, int dim) : n(s.rank() ? s[dim] : 1) {
    for (int d = 0; d < dim; ++d) outer *= s[d];
    for (int d = dim + 1; d < s.rank(); ++d) inner *= s[d];
  }
  std::int64_t lanes() const { return outer * inner; }
  // Element 0 of a lane; element j is j * inner behind it. m: the size of the dimension in the tensor meant.
  std::int64_t first(std::int64_t lane, std::int64_t m) const { return lane / inner * m * inner + lane % inner; }
};

template <class T>
bool not_a_number([[maybe_unused]] T v) {
  if constexpr (std::is_floating_point_v<T>)
    return v != v;
  else
    return false;
}

// scan_lanes() where lanes are rows: several of them together, as a step waits for the one before it in its lane.
template <class State, class F>
void scan_rows(const LaneShape& s, bool reverse, State init, double ns_per_item, const F& step) {
  constexpr int kTogether = 4;  // more would fall into one set of the cache where rows are a power of two
  const double ns = ns_per_item * static_cast<double>(s.n);
  parallel_for(s.outer, std::max<std::int64_t>(kTogether, grain_for(ns)), [&](std::int64_t begin, std::int64_t end) {
    std::int64_t lane = begin;
    for (; lane + kTogether <= end; lane += kTogether) {
      State states[kTogether];
      std::fill_n(states, kTogether, init);
      for (std::int64_t k = 0; k < s.n; ++k) {
        const std::int64_t j = reverse ? s.n - 1 - k : k;
        for (int i = 0; i < kTogether; ++i) step(states[i], (lane + i) * s.n + j, j);
      }
    }
    for (; lane < end; ++lane) {
      State state = init;
      for (std::int64_t k = 0; k < s.n; ++k) {
        const std::int64_t j = reverse ? s.n - 1 - k : k;
        step(state, lane * s.n + j, j);
      }
    }
  });
}

// Calls step(state, offset, j) for the elements of every lane in order (or from the last one), with a state per lane
// that begins as `init`. Neighbouring lanes go side by side, so that memory is read in order whatever the dimension.
template <class State, class F>
void scan_lanes(const LaneShape& s, bool reverse, State init, double ns_per_item, const F& step) {
  constexpr std::int64_t kSideBySide = 128;
  if (s.outer == 0 || s.inner == 0) return;
  if (s.inner == 1) return scan_rows(s, reverse, init, ns_per_item, step);
  const std::int64_t blocks = (s.inner + kSideBySide - 1) / kSideBySide;
  const double ns = ns_per_item * static_cast<double>(s.n * std::min(s.inner, kSideBySide));
  parallel_for(s.outer * blocks, grain_for(ns), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t b = begin; b < end; ++b) {
      const std::int64_t column = b % blocks * kSideBySide, width = std::min(kSideBySide, s.inner - column);
      const std::int64_t start = b / blocks * s.n * s.inner + column;
      State states[kSideBySide];
      std::fill_n(states, width, init);
      for (std::int64_t k = 0; k < s.n; ++k) {
        const std::int64_t j = reverse ? s.n - 1 - k : k, row = start + j * s.inner;
        for (std::int64_t i = 0; i < width; ++i) step(states[i], row + i, j);
      }
    }
  });
}

// An element of a lane and where it stands there.
template <class T>
struct Placed {
  T value;
  std::int64_t place;
};

// Calls f(items, numbers, lane): the elements of one lane in memory of its own, those that are numbers first
// (`numbers` of them), each kind in the order of the lane.
template <class T, class F>
void for_lanes(const T* x, const LaneShape& s, double ns_per_item, const F& f) {
  if (s.n == 0) return;
  parallel_for(s.lanes(), grain_for(ns_per_item * static_cast<double>(s.n)), [&](std::int64_t begin, std::int64_t end) {
    std::vector<Placed<T>> items(static_cast<std::size_t>(s.n));
    for (std::int64_t lane = begin; lane < end; ++lane) {
      const T* from = x + s.first(lane, s.n);
      std::int64_t numbers = 0;
      for (std::int64_t j = 0; j < s.n; ++j)
        if (const T v = from[j * s.inner]; !not_a_number(v)) items[static_cast<std::size_t>(numbers++)] = {v, j};
      std::int64_t rest = numbers;
      for (std::int64_t j = 0; rest < s.n; ++j)
        if (const T v = from[j * s.inner]; not_a_number(v)) items[static_cast<std::size_t>(rest++)] = {v, j};
      f(items.data(), numbers, lane);
    }
  });
}

}  // namespace xgrad::detail
