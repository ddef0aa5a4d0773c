// oneDNN, with the differences between its versions 2 and 3 hidden.
#pragma once

#include <cstddef>
#include <cstdint>

#include <dnnl.hpp>

#include "kernels/conv_shape.hpp"

namespace xgrad::detail {
struct Storage;
}

namespace xgrad::detail::dnn {

// The CPU, and this thread's stream on it.
const dnnl::engine& engine();
dnnl::stream& stream();

// Memory of at least `bytes`, until this thread's next call. Primitives are made with user_scratchpad() and given it,
// so that one made by one thread may run in another.
void* scratchpad(std::size_t bytes);
dnnl::primitive_attr user_scratchpad();

// Version 3 takes an operation's arguments in its primitive_desc, version 2 in a `desc` of their own.
template <class Op, class... Args>
typename Op::primitive_desc primitive_desc(const dnnl::primitive_attr& attr, const Args&... args) {
#if DNNL_VERSION_MAJOR >= 3
  return typename Op::primitive_desc(engine(), args..., attr);
#else
  return typename Op::primitive_desc(typename Op::desc(args...), attr, engine());
#endif
}

// The same for a backward pass, which is planned after the forward one.
template <class Op, class Forward, class... Args>
typename Op::primitive_desc primitive_desc_after(const Forward& forward, const dnnl::primitive_attr& attr,
                                                 const Args&... args) {
#if DNNL_VERSION_MAJOR >= 3
  return typename Op::primitive_desc(engine(), args..., forward, attr);
#else
  return typename Op::primitive_desc(typename Op::desc(args...), attr, engine(), forward);
#endif
}

// Throws when a call of the C interface failed.
void check(dnnl_status_t status, const char* what);

// C = alpha op(A) op(B) + beta C, row-major; see gemm.hpp.
void sgemm(bool trans_a, bool trans_b, std::int64_t m, std::int64_t n, std::int64_t k, float alpha, const float* a,
           std::int64_t lda, const float* b, std::int64_t ldb, float beta, float* c, std::int64_t ldc);

// `count` products C = op(A) op(B) + beta C at distances stride_x (0: the same operand for all), by a cached primitive.
struct Matmul {
  bool trans_a, trans_b;
  std::int64_t count, m, n, k, lda, stride_a, ldb, stride_b, ldc, stride_c;
  float beta;
  bool operator==(const Matmul&) const = default;
};
void matmul(const Matmul& p, const float* a, const float* b, float* c);

// Convolutions by cached primitives that choose their own memory formats; operands in another one are reordered.
enum class ConvPass { forward, backward_data, backward_weights };
// Whether oneDNN takes these numbers.
bool conv_supported(const ConvShape& s);

// x or y: plain, or with the channels in blocks (core/blocked.hpp) of this size.
struct Activation {
  float* data;
  std::int64_t block = 0;  // 0: plain
};
// The blocks in which a pass takes and gives x and y without a change of layout; 0: plain, or a layout of its own.
struct ConvBlocks {
  std::int64_t x, y;
};
ConvBlocks conv_blocks(ConvPass pass, bool bias, const ConvShape& s);

// x, w and y are read or written according to the pass; bias may be null and belongs to the forward pass. An operand in
// blocks must have those of conv_blocks().
struct ConvOperands {
  Activation x;
  float* w;
  const float* bias;
  Activation y;
};
// weights: where w lies, to keep its reordered form until the storage changes; null not to.
void convolution(ConvPass pass, const ConvShape& s, const ConvOperands& o, Storage* weights = nullptr);
// Two passes, `first` (forward or backward by data) and then the one by weights, that read the same x (of forward) or
// y: it is reordered once if both want it in the same format.
void both_passes(ConvPass first, const ConvShape& s, const ConvOperands& a, const ConvOperands& weights);
// The most reordered weights that are kept.
inline constexpr std::size_t kMaxKeptWeights = 64;

}  // namespace xgrad::detail::dnn
