// What the two sides of the table spell differently, as xgrad spells it. torch_side.hpp is its twin.
#pragma once

#include <xgrad/autograd.hpp>
#include <xgrad/ops.hpp>
#include <xgrad/parallel.hpp>

namespace lib = xgrad;
namespace linalg = xgrad::linalg;
using Tensor = xgrad::Tensor;
using Dims = xgrad::Shape;
using Guard = xgrad::NoGradGuard;
using Inputs = const std::vector<Tensor>&;
inline const auto kFloat64 = xgrad::kFloat64, kInt64 = xgrad::kInt64;

namespace side {

inline void set_threads(int n) { xgrad::set_num_threads(n); }
inline Tensor empty(const std::vector<std::int64_t>& shape) { return xgrad::empty(xgrad::Shape(shape)); }
inline float* floats(Tensor& t) { return t.mutable_data<float>(); }
inline const double* doubles(const Tensor& t) { return t.data<double>(); }
inline std::vector<std::int64_t> sizes(const Tensor& t) { return {t.shape().begin(), t.shape().end()}; }
inline void drop_grad(Tensor& t) { t.set_grad(Tensor()); }

inline Tensor i1(const Tensor& x) { return xgrad::i1(x); }
inline Tensor bessel_j0(const Tensor& x) { return xgrad::bessel_j0(x); }
inline Tensor erfcx(const Tensor& x) { return xgrad::erfcx(x); }
inline Tensor ndtr(const Tensor& x) { return xgrad::ndtr(x); }
inline Tensor log_ndtr(const Tensor& x) { return xgrad::log_ndtr(x); }
inline Tensor ndtri(const Tensor& x) { return xgrad::ndtri(x); }
inline Tensor entr(const Tensor& x) { return xgrad::entr(x); }
inline Tensor zeta(const Tensor& x, const Tensor& y) { return xgrad::zeta(x, y); }
inline Tensor any_all(const Tensor& x) { return xgrad::any(x); }
inline Tensor gelu_tanh(const Tensor& x) { return xgrad::gelu(x, xgrad::Gelu::tanh); }
inline Tensor var(const Tensor& x, const Dims& dims) { return x.var(dims); }
inline Tensor prod_dim(const Tensor& x) { return xgrad::prod(x, 1); }
inline Tensor norm2(const Tensor& x, const Dims& dims) { return xgrad::linalg::vector_norm(x, 2, dims); }
inline Tensor normalize(const Tensor& x) { return xgrad::normalize(x); }
inline Tensor max_values(const Tensor& x, std::int64_t dim) { return xgrad::max(x, dim).values; }
inline Tensor sort_values(const Tensor& x) { return xgrad::sort(x, 1).values; }
inline Tensor topk_values(const Tensor& x, std::int64_t k) { return xgrad::topk(x, k).values; }
inline Tensor unique_values(const Tensor& x) { return xgrad::unique(x).values; }
inline Tensor cummax_values(const Tensor& x) { return xgrad::cummax(x, 1).values; }
inline Tensor median_values(const Tensor& x) { return xgrad::median(x, 1).values; }
inline Tensor kth_values(const Tensor& x, std::int64_t k) { return xgrad::kthvalue(x, k, 1).values; }
inline Tensor mode_values(const Tensor& x) { return xgrad::mode(x, 1).values; }
inline Tensor qr_product(const Tensor& x) {
  const auto [q, r] = xgrad::linalg::qr(x);
  return xgrad::matmul(q, r);
}
inline Tensor singular_values(const Tensor& x) { return xgrad::linalg::svdvals(x); }
inline Tensor ctc(const Tensor& x, const Tensor& y) {
  const Tensor none = y.select(1, 0) * 0;
  return xgrad::ctc_loss(xgrad::log_softmax(x, 2), y + 1, none + x.size(0), none + 2);
}
inline Tensor cross_entropy(const Tensor& x, const Tensor& y) { return xgrad::cross_entropy(x, y); }
inline Tensor bce_logits(const Tensor& x, const Tensor& y) { return xgrad::binary_cross_entropy_with_logits(x, y); }
inline Tensor kl_div(const Tensor& x, const Tensor& y) { return xgrad::kl_div(x, y, xgrad::KlReduction::sum); }
inline Tensor triplet(Inputs a) { return xgrad::triplet_margin_loss(a[0], a[1], a[2]); }
inline Tensor conv1d(const Tensor& x, const Tensor& w, const Tensor& b) {
  return xgrad::conv1d(x, w, b, {.padding = 2});
}
inline Tensor conv2d(const Tensor& x, const Tensor& w, const Tensor& b, std::int64_t stride, std::int64_t padding,
                     std::int64_t groups = 1) {
  return xgrad::conv2d(x, w, b, {.stride = stride, .padding = padding, .groups = groups});
}
inline Tensor conv_up(const Tensor& x, const Tensor& w, const Tensor& b) {
  return xgrad::conv_transpose2d(x, w, b, {.stride = 2, .padding = 1});
}
inline Tensor max_pool(const Tensor& x, std::int64_t k, std::int64_t stride, std::int64_t padding) {
  return xgrad::max_pool2d(x, k, {.stride = stride, .padding = padding});
}
inline Tensor avg_pool(const Tensor& x, std::int64_t k, std::int64_t stride, std::int64_t padding) {
  return xgrad::avg_pool2d(x, k, {.stride = stride, .padding = padding});
}
inline Tensor adaptive_avg(const Tensor& x, std::int64_t n) { return xgrad::adaptive_avg_pool2d(x, n); }
inline Tensor adaptive_max(const Tensor& x, std::int64_t n) { return xgrad::adaptive_max_pool2d(x, n); }
inline Tensor batch_norm(Inputs a) { return xgrad::batch_norm(a[0], Tensor(), Tensor(), a[1], a[2], true); }
inline Tensor layer_norm(Inputs a) { return xgrad::layer_norm(a[0], {a[0].size(-1)}, a[1], a[2]); }
inline Tensor group_norm(Inputs a, std::int64_t groups) { return xgrad::group_norm(a[0], groups, a[1], a[2]); }
inline Tensor instance_norm(const Tensor& x) { return xgrad::instance_norm(x); }
inline Tensor channel_dropout(const Tensor& x) { return xgrad::feature_dropout(x); }
inline Tensor zero_pad(const Tensor& x) { return xgrad::pad(x, {1, 1, 1, 1}); }
inline Tensor reflect_pad(const Tensor& x) { return xgrad::pad(x, {1, 1, 1, 1}, xgrad::PadMode::reflect); }
inline Tensor nearest_x2(const Tensor& x) { return xgrad::interpolate(x, {.scale_factor = {2, 2}}); }
inline Tensor bilinear_x2(const Tensor& x) {
  return xgrad::interpolate(x, {.scale_factor = {2, 2}, .mode = xgrad::Interpolation::bilinear});
}
inline Tensor bicubic_x2(const Tensor& x) {
  return xgrad::interpolate(x, {.scale_factor = {2, 2}, .mode = xgrad::Interpolation::bicubic});
}
inline Tensor grid_sample(const Tensor& x, const Tensor& grid) { return xgrad::grid_sample(x, grid); }
inline Tensor unfold(const Tensor& x) { return xgrad::im2col(x, 3, {.padding = 1}); }
inline Tensor embedding(const Tensor& weight, const Tensor& index) { return xgrad::embedding(index, weight); }
inline Tensor embedding_bag(Inputs a) { return xgrad::embedding_bag(a[0], a[1]); }
inline Tensor lstm(Inputs a) { return xgrad::lstm(a[0], {}, {a[1], a[2], a[3], a[4]}).output; }
inline Tensor gru(Inputs a) { return xgrad::gru(a[0], Tensor(), {a[1], a[2], a[3], a[4]}).output; }
inline Tensor attention(Inputs a, bool causal) {
  return xgrad::scaled_dot_product_attention(a[0], a[1], a[2], {.is_causal = causal});
}
inline Tensor attention_masked(Inputs a) {
  return xgrad::scaled_dot_product_attention(a[0], a[1], a[2], {.mask = a[3]});
}
inline Tensor attention_dropout(Inputs a) {
  return xgrad::scaled_dot_product_attention(a[0], a[1], a[2], {.dropout = 0.1});
}
inline Tensor bernoulli(const Tensor& p) { return xgrad::bernoulli(p); }

}  // namespace side
