// softmax(scale Q K^T + mask) V, and its derivatives, block by block: no matrix of length x keys is stored, so memory
// is linear in both (Dao et al. 2022, "FlashAttention"; Milakov & Gimelshein 2018 for the running softmax).
#pragma once

#include <cstdint>
#include <vector>

#include <xgrad/random.hpp>

namespace xgrad::detail {

// Dropout of the weights: element (b, i, j) stays, divided by 1 - p, if number (b length + i) keys + j of the draws
// says so, as dropout() would have it of the matrix.
struct AttentionDropout {
  double p = 0;
  Generator::Range draws = {};
  double scale() const { return 1 / (1 - p); }
};

// Contiguous operands: query (batches, length, features), key (batches, keys, features), value (batches, keys, values).
struct AttentionShape {
  std::int64_t batches, length, keys, features, values;
  double scale;
  bool causal;  // row i sees keys 0..i
  AttentionDropout dropout = {};
};

// Added to the scores, or true where a key counts. Element (b, i, j) is at data[offsets[b] + i * row + j * column].
template <class T>
struct AttentionMask {
  const T* added = nullptr;
  const bool* open = nullptr;
  std::vector<std::int64_t> offsets;
  std::int64_t row = 0, column = 0;
};

// The softmax of row i is exp(score - top[i] - log_sum[i]); a row that sees nothing has top = -inf, and a result of 0.
template <class T>
void attention_forward(const AttentionShape& s, const AttentionMask<T>& mask, const T* q, const T* k, const T* v,
                       T* out, T* top, T* log_sum);

template <class T>
struct AttentionGradients {
  T *q, *k, *v;
};
// From the gradient g of `out`.
template <class T>
void attention_backward(const AttentionShape& s, const AttentionMask<T>& mask, const T* q, const T* k, const T* v,
                        const T* out, const T* top, const T* log_sum, const T* g, const AttentionGradients<T>& d);

}  // namespace xgrad::detail
