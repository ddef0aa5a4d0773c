#include "kernels/attention.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include <xgrad/parallel.hpp>
#include <xgrad/vec.hpp>

#include "core/tensor_impl.hpp"
#include "core/threads/library_call.hpp"
#include "kernels/gemm.hpp"
#include "kernels/normalize_loops.hpp"
#include "kernels/random.hpp"

namespace xgrad::detail {
namespace {

constexpr std::int64_t kQueries = 128, kKeys = 256;  // of a block: its scores stay in the cache
template <class T>
constexpr T kClosed = -std::numeric_limits<T>::infinity();

struct Range {
  std::int64_t begin, size;
};
std::int64_t blocks(std::int64_t n, std::int64_t size) { return (n + size - 1) / size; }
Range block(std::int64_t i, std::int64_t size, std::int64_t n) { return {i * size, std::min(size, n - i * size)}; }

template <class T>
XGRAD_CLONES void add_row(T* row, const T* mask, std::int64_t n) {
  for (std::int64_t c = 0; c < n; ++c) row[c] += mask[c];
}
// A bool as its byte: one read as bool becomes a branch.
template <class T>
XGRAD_CLONES void close_row(T* row, const std::uint8_t* open, std::int64_t n) {
  for (std::int64_t c = 0; c < n; ++c) row[c] = open[c] != 0 ? row[c] : kClosed<T>;
}

template <class T>
XGRAD_CLONES void drop_row(T* row, const std::uint8_t* kept, std::int64_t n, T scale) {
  for (std::int64_t c = 0; c < n; ++c) row[c] *= static_cast<T>(kept[c]) * scale;
}

template <class T>
struct AttentionInputs {
  const AttentionShape& s;
  const AttentionMask<T>& mask;
  const T *q, *k, *v;

  const T* query(std::int64_t b, std::int64_t i) const { return q + (b * s.length + i) * s.features; }
  const T* key(std::int64_t b, std::int64_t j) const { return k + (b * s.keys + j) * s.features; }
  const T* value(std::int64_t b, std::int64_t j) const { return v + (b * s.keys + j) * s.values; }
  // Whether no query of the block sees any of the keys.
  bool hidden(const Range& i, const Range& j) const { return s.causal && j.begin > i.begin + i.size - 1; }

  // scale Q K^T + mask of a block, to rows of j.size scores.
  void scores(std::int64_t b, const Range& i, const Range& j, T* to) const {
    gemm(false, true, i.size, j.size, s.features, static_cast<T>(s.scale), query(b, i.begin), s.features,
         key(b, j.begin), s.features, T(0), to, j.size);
    for (std::int64_t r = 0; r < i.size; ++r) apply_mask(b, i.begin + r, j, to + r * j.size);
  }

  // Which weights of a block stay; rows of j.size. Null without dropout.
  const std::uint8_t* draw(std::int64_t b, const Range& i, const Range& j, std::uint8_t* to) const {
    if (s.dropout.p == 0) return nullptr;
    const std::int64_t first = (b * s.length + i.begin) * s.keys + j.begin;
    if (j.size == s.keys)
      bernoulli_at(s.dropout.draws, first, to, i.size * j.size, 1 - s.dropout.p);
    else
      for (std::int64_t r = 0; r < i.size; ++r)
        bernoulli_at(s.dropout.draws, first + r * s.keys, to + r * j.size, j.size, 1 - s.dropout.p);
    return to;
  }

 private:
  void apply_mask(std::int64_t b, std::int64_t i, const Range& j, T* row) const {
    if (s.causal)
      for (std::int64_t c = std::max<std::int64_t>(0, i + 1 - j.begin); c < j.size; ++c) row[c] = kClosed<T>;
    if (mask.added) {
      const T* m = mask.added + mask.offsets[static_cast<std::size_t>(b)] + i * mask.row + j.begin * mask.column;
      if (mask.column == 1) return add_row(row, m, j.size);
      for (std::int64_t c = 0; c < j.size; ++c) row[c] += m[c * mask.column];
    }
    if (mask.open) {
      const bool* m = mask.open + mask.offsets[static_cast<std::size_t>(b)] + i * mask.row + j.begin * mask.column;
      if (mask.column == 1) return close_row(row, reinterpret_cast<const std::uint8_t*>(m), j.size);
      for (std::int64_t c = 0; c < j.size; ++c) row[c] = m[c * mask.column] ? row[c] : kClosed<T>;
    }
  }
};

// The largest score; NaN is passed over, the sum has it.
template <class T>
T largest(const T* row, std::int64_t n) {
  T most = kClosed<T>;
  run_simd([row, n, &most](auto bytes) XGRAD_INLINED {
    using V = Vec<T, bytes>;
    const auto larger = [](auto a, auto b) XGRAD_INLINED { return where(b > a, b, a); };
    V m(kClosed<T>);
    each_vector<V>(n,
                   [&](std::int64_t i, int lanes) XGRAD_INLINED { m = larger(m, get<V>(row, i, lanes, kClosed<T>)); });
    most = fold_vector(m, larger);
  });
  return most;
}

// row = exp(row - shift - rest); returns the sum.
template <class T>
double exponentials(T* row, std::int64_t n, T shift, T rest) {
  double total = 0;
  run_simd([row, n, shift, rest, &total](auto bytes) XGRAD_INLINED {
    using V = Vec<T, bytes>;
    V sum(T(0));
    each_vector<V>(n, [&](std::int64_t i, int lanes) XGRAD_INLINED {
      const V e = exp(get<V>(row, i, lanes, kClosed<T>) - V(shift) - V(rest));
      put(e, row, i, lanes);
      sum += e;
    });
    total = static_cast<double>(lane_sum(sum));
  });
  return total;
}

template <class T>
XGRAD_CLONES void scale_row(T* row, std::int64_t n, T by) {
  for (std::int64_t i = 0; i < n; ++i) row[i] *= by;
}

// d = w (d - dot), the gradient of the scores from that of the weights w.
template <class T>
XGRAD_CLONES void score_gradients(T* d, const T* w, std::int64_t n, T dot) {
  for (std::int64_t i = 0; i < n; ++i) d[i] = w[i] * (d[i] - dot);
}

template <class T>
XGRAD_CLONES double dot_product(const T* a, const T* b, std::int64_t n) {
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

// Of one block.
template <class T>
struct Room {
  T *weights, *scores;
  std::uint8_t* kept;
};

// A running softmax: what one row has seen so far.
template <class T>
struct Running {
  T top = kClosed<T>;
  double sum = 0;

  // Turns the next scores into weights relative to the largest score so far; returns what the earlier ones have to be
  // multiplied by.
  T take(T* row, std::int64_t n) {
    const T most = std::max(top, largest(row, n));
    const T shift = most == kClosed<T> ? T(0) : most;  // a NaN among nothing else stays one
    const T before = top == most ? T(1) : std::exp(top - shift);
    sum = sum * static_cast<double>(before) + exponentials(row, n, shift, T(0));
    top = most;
    return before;
  }
};

template <class T>
void forward_block(const AttentionInputs<T>& o, std::int64_t b, const Range& i, const Room<T>& room, T* out, T* top,
                   T* log_sum) {
  const AttentionShape& s = o.s;
  Running<T> rows[kQueries];
  std::fill_n(out, i.size * s.values, T(0));
  for (std::int64_t at = 0; at < s.keys; at += kKeys) {
    const Range j = block(at / kKeys, kKeys, s.keys);
    if (o.hidden(i, j)) break;
    T* scores = room.weights;
    o.scores(b, i, j, scores);
    const std::uint8_t* kept = o.draw(b, i, j, room.kept);
    for (std::int64_t r = 0; r < i.size; ++r) {
      const T before = rows[r].take(scores + r * j.size, j.size);
      if (kept) drop_row(scores + r * j.size, kept + r * j.size, j.size, static_cast<T>(s.dropout.scale()));
      if (before != T(1)) scale_row(out + r * s.values, s.values, before);
    }
    gemm(false, false, i.size, s.values, j.size, T(1), scores, j.size, o.value(b, j.begin), s.values, T(1), out,
         s.values);
  }
  for (std::int64_t r = 0; r < i.size; ++r) {
    if (rows[r].sum != 0)
      scale_row(out + r * s.values, s.values, static_cast<T>(1 / rows[r].sum));
    else  // nothing to attend to: 0 also where a value is infinite
      std::fill_n(out + r * s.values, s.values, T(0));
    top[r] = rows[r].top;
    log_sum[r] = rows[r].sum == 0 ? T(0) : static_cast<T>(std::log(rows[r].sum));
  }
}

// What a backward pass over blocks needs beside the operands.
template <class T>
struct Backward {
  const AttentionInputs<T>& o;
  const T *top, *log_sum, *g, *dot;  // dot[row] = <g, out>
  const AttentionGradients<T>& d;

  const T* gradient(std::int64_t b, std::int64_t i) const { return g + (b * o.s.length + i) * o.s.values; }

  // The weights of one block, after dropout, and the gradient of its scores.
  void recompute(std::int64_t b, const Range& i, const Range& j, const Room<T>& room) const {
    const AttentionShape& s = o.s;
    T *weights = room.weights, *scores = room.scores;
    o.scores(b, i, j, weights);
    gemm(false, true, i.size, j.size, s.values, T(1), gradient(b, i.begin), s.values, o.value(b, j.begin), s.values,
         T(0), scores, j.size);
    const std::uint8_t* kept = o.draw(b, i, j, room.kept);
    const T scale = static_cast<T>(s.dropout.scale());
    for (std::int64_t r = 0; r < i.size; ++r) {
      const std::int64_t row = b * s.length + i.begin + r;
      T *w = weights + r * j.size, *d = scores + r * j.size;
      exponentials(w, j.size, top[row] == kClosed<T> ? T(0) : top[row], log_sum[row]);
      if (kept) drop_row(d, kept + r * j.size, j.size, scale);
      if (top[row] == kClosed<T> && log_sum[row] == T(0))
        std::fill_n(d, j.size, T(0));
      else
        score_gradients(d, w, j.size, dot[row]);
      if (kept) drop_row(w, kept + r * j.size, j.size, scale);
    }
  }
  void add_to_keys(std::int64_t b, const Range& i, const Range& j, const Room<T>& room) const {
    const AttentionShape& s = o.s;
    gemm(true, false, j.size, s.values, i.size, T(1), room.weights, j.size, gradient(b, i.begin), s.values, T(1),
         d.v + (b * s.keys + j.begin) * s.values, s.values);
    gemm(true, false, j.size, s.features, i.size, static_cast<T>(s.scale), room.scores, j.size, o.query(b, i.begin),
         s.features, T(1), d.k + (b * s.keys + j.begin) * s.features, s.features);
  }
  void add_to_queries(std::int64_t b, const Range& i, const Range& j, const Room<T>& room) const {
    const AttentionShape& s = o.s;
    gemm(false, false, i.size, s.features, j.size, static_cast<T>(s.scale), room.scores, j.size, o.key(b, j.begin),
         s.features, T(1), d.q + (b * s.length + i.begin) * s.features, s.features);
  }
};

// f(queries, keys) over the blocks in [i, i_end) x [j, j_end), key by key.
template <class T, class F>
void for_blocks(const AttentionInputs<T>& o, std::int64_t i, std::int64_t i_end, std::int64_t j, std::int64_t j_end,
                const F& f) {
  for (std::int64_t at = j; at < j_end; ++at)
    for (std::int64_t q = i; q < i_end; ++q) {
      const Range queries = block(q, kQueries, o.s.length), keys = block(at, kKeys, o.s.keys);
      if (!o.hidden(queries, keys)) f(queries, keys);
    }
}

// f(item, room) over items of about `ns` nanoseconds on several threads, each on one: then the bits are the same for
// any number of them.
template <class T, class F>
void for_items(std::int64_t items, double ns, const F& f) {
  parallel_for(items, grain_for(ns), [&](std::int64_t begin, std::int64_t end) {
    const SerialGuard alone;
    constexpr std::int64_t kBlock = kQueries * kKeys;
    const Tensor memory = make_tensor({(2 * std::int64_t{sizeof(T)} + 1) * kBlock}, DType::uint8);
    std::uint8_t* bytes = data<std::uint8_t>(memory);
    T* numbers = reinterpret_cast<T*>(bytes);
    const Room<T> room{numbers, numbers + kBlock, bytes + 2 * sizeof(T) * kBlock};
    for (std::int64_t i = begin; i < end; ++i) {
      const LibraryCall once;  // around all products of the item: it costs two calls of the system
      f(i, room);
    }
  });
}

double pair_ns(const AttentionShape& s) {
  return 1 + 0.03 * static_cast<double>(s.features + s.values) + (s.dropout.p > 0 ? 1 : 0);
}

}  // namespace

template <class T>
void attention_forward(const AttentionShape& s, const AttentionMask<T>& mask, const T* q, const T* k, const T* v,
                       T* out, T* top, T* log_sum) {
  const AttentionInputs<T> o{s, mask, q, k, v};
  const std::int64_t per_batch = blocks(s.length, kQueries);
  const double ns = pair_ns(s) * static_cast<double>(std::min(kQueries, s.length) * s.keys);
  for_items<T>(s.batches * per_batch, ns, [&](std::int64_t item, const Room<T>& room) {
    const std::int64_t b = item / per_batch;
    const Range i = block(item % per_batch, kQueries, s.length);
    const std::int64_t row = b * s.length + i.begin;
    forward_block(o, b, i, room, out + row * s.values, top + row, log_sum + row);
  });
}

template <class T>
void attention_backward(const AttentionShape& s, const AttentionMask<T>& mask, const T* q, const T* k, const T* v,
                        const T* out, const T* top, const T* log_sum, const T* g, const AttentionGradients<T>& d) {
  const AttentionInputs<T> o{s, mask, q, k, v};
  const std::int64_t rows = s.batches * s.length, over = blocks(s.length, kQueries), down = blocks(s.keys, kKeys);
  const Tensor dots = make_tensor({rows}, dtype_of<T>);
  parallel_cost(rows, static_cast<double>(s.values), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r)
      data<T>(dots)[r] = static_cast<T>(dot_product(g + r * s.values, out + r * s.values, s.values));
  });
  std::fill_n(d.q, rows * s.features, T(0));
  std::fill_n(d.k, s.batches * s.keys * s.features, T(0));
  std::fill_n(d.v, s.batches * s.keys * s.values, T(0));
  const Backward<T> pass{o, top, log_sum, g, data<T>(dots), d};
  const double ns = 2 * pair_ns(s) * static_cast<double>(s.length * s.keys);
  if (s.batches >= usable_threads())
    return for_items<T>(s.batches, ns, [&](std::int64_t b, const Room<T>& room) {
      for_blocks(o, 0, over, 0, down, [&](const Range& i, const Range& j) {
        pass.recompute(b, i, j, room);
        pass.add_to_keys(b, i, j, room);
        pass.add_to_queries(b, i, j, room);
      });
    });
  // Too few batches for the threads: by keys, then by queries, in the same order of additions.
  for_items<T>(s.batches * down, ns / static_cast<double>(down), [&](std::int64_t item, const Room<T>& room) {
    const std::int64_t b = item / down, at = item % down;
    for_blocks(o, 0, over, at, at + 1, [&](const Range& i, const Range& j) {
      pass.recompute(b, i, j, room);
      pass.add_to_keys(b, i, j, room);
    });
  });
  for_items<T>(s.batches * over, ns / static_cast<double>(over), [&](std::int64_t item, const Room<T>& room) {
    const std::int64_t b = item / over, at = item % over;
    for_blocks(o, at, at + 1, 0, down, [&](const Range& i, const Range& j) {
      pass.recompute(b, i, j, room);
      pass.add_to_queries(b, i, j, room);
    });
  });
}

#define XGRAD_INSTANTIATE(T)                                                                                        \
  template void attention_forward(const AttentionShape&, const AttentionMask<T>&, const T*, const T*, const T*, T*, \
                                  T*, T*);                                                                          \
  template void attention_backward(const AttentionShape&, const AttentionMask<T>&, const T*, const T*, const T*,    \
                                   const T*, const T*, const T*, const T*, const AttentionGradients<T>&);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad::detail
