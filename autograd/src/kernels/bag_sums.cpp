#include "kernels/bag_sums.hpp"

#include <xgrad/vec.hpp>

#include "kernels/prefetch.hpp"

namespace xgrad::detail {
namespace {

// The next 4 vectors of one bag stay in registers until all of its rows are added.
constexpr int kTogether = 4;

template <bool scaled, class V, class T>
XGRAD_INLINE void sum_vectors(const BagSums<T>& p, std::int64_t bag, std::int64_t column, T* out) {
  const std::int64_t first = p.ends[bag], last = p.ends[bag + 1];
  V a, b, c, d;
  for (std::int64_t i = first; i < last; ++i) {
    const T* from = p.table + p.row[i] * p.size + column;
    const V s(scaled ? p.scale[i] : T(1));
    if constexpr (scaled) {
      a += V::load(from) * s;
      b += V::load(from + V::lanes) * s;
      c += V::load(from + 2 * V::lanes) * s;
      d += V::load(from + 3 * V::lanes) * s;
    } else {
      a += V::load(from);
      b += V::load(from + V::lanes);
      c += V::load(from + 2 * V::lanes);
      d += V::load(from + 3 * V::lanes);
    }
  }
  if (p.share) {
    const V share(p.share[bag]);
    a = a * share;
    b = b * share;
    c = c * share;
    d = d * share;
  }
  a.store(out);
  b.store(out + V::lanes);
  c.store(out + 2 * V::lanes);
  d.store(out + 3 * V::lanes);
}

template <bool scaled, class V, class T>
XGRAD_INLINE void sum_vector(const BagSums<T>& p, std::int64_t bag, std::int64_t column, T* out) {
  V a;
  for (std::int64_t i = p.ends[bag]; i < p.ends[bag + 1]; ++i) {
    const V v = V::load(p.table + p.row[i] * p.size + column);
    if constexpr (scaled)
      a += v * V(p.scale[i]);
    else
      a += v;
  }
  if (p.share) a = a * V(p.share[bag]);
  a.store(out);
}

// Rows shorter than a vector.
template <bool scaled, class T>
XGRAD_INLINE void sum_short(const BagSums<T>& p, std::int64_t bag, T* out) {
  for (std::int64_t k = 0; k < p.size; ++k) {
    T sum(0);
    for (std::int64_t i = p.ends[bag]; i < p.ends[bag + 1]; ++i) {
      const T v = p.table[p.row[i] * p.size + k];
      sum += scaled ? v * p.scale[i] : v;
    }
    out[k] = p.share ? sum * p.share[bag] : sum;
  }
}

template <bool scaled, class V, class T>
XGRAD_INLINE void sum_bags(const BagSums<T>& p, std::int64_t begin, std::int64_t end, T* out) {
  constexpr std::int64_t wide = kTogether * V::lanes;
  const std::int64_t rows = p.ends[end];
  for (std::int64_t bag = begin; bag < end; ++bag) {
    for (std::int64_t i = p.ends[bag + 1]; i < rows && i < p.ends[bag + 1] + 4; ++i)
      prefetch_row(p.table + p.row[i] * p.size, p.size * std::int64_t{sizeof(T)});
    T* to = out + bag * p.size;
    if (p.size < V::lanes) {
      sum_short<scaled>(p, bag, to);
      continue;
    }
    // What is left of a row is added up together with numbers that have been before.
    const std::int64_t step = p.size < wide ? V::lanes : wide;
    for (std::int64_t next = 0; next < p.size; next += step) {
      const std::int64_t k = next + step > p.size ? p.size - step : next;
      if (step == wide)
        sum_vectors<scaled, V>(p, bag, k, to + k);
      else
        sum_vector<scaled, V>(p, bag, k, to + k);
    }
  }
}

}  // namespace

template <class T>
void BagSums<T>::run(std::int64_t begin, std::int64_t end, T* out) const {
  const BagSums p = *this;
  if (p.scale) return run_simd([=](auto bytes) XGRAD_INLINED { sum_bags<true, Vec<T, bytes>>(p, begin, end, out); });
  run_simd([=](auto bytes) XGRAD_INLINED { sum_bags<false, Vec<T, bytes>>(p, begin, end, out); });
}

template struct BagSums<float>;
template struct BagSums<double>;

}  // namespace xgrad::detail
