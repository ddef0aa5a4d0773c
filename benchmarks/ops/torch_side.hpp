// What the two sides of the table spell differently, as libtorch spells it. xgrad_side.hpp is its twin.
#pragma once

#include <torch/torch.h>

namespace lib = torch;
namespace linalg = torch::linalg;
using Tensor = torch::Tensor;
using Dims = at::IntArrayRef;
using Guard = torch::NoGradGuard;
using Inputs = const std::vector<Tensor>&;
inline const auto kFloat64 = torch::kFloat64, kInt64 = torch::kInt64;

namespace side {
namespace F = torch::nn::functional;

inline void set_threads(int n) {
  at::set_num_threads(n);
  at::set_num_interop_threads(1);
}
inline Tensor empty(const std::vector<int64_t>& shape) { return torch::empty(shape); }
inline float* floats(Tensor& t) { return t.data_ptr<float>(); }
inline const double* doubles(const Tensor& t) { return t.data_ptr<double>(); }
inline std::vector<int64_t> sizes(const Tensor& t) { return t.sizes().vec(); }
inline void drop_grad(Tensor& t) { t.mutable_grad() = Tensor(); }

inline Tensor i1(const Tensor& x) { return torch::special_i1(x); }
inline Tensor bessel_j0(const Tensor& x) { return torch::special_bessel_j0(x); }
inline Tensor erfcx(const Tensor& x) { return torch::special_erfcx(x); }
inline Tensor ndtr(const Tensor& x) { return torch::special_ndtr(x); }
inline Tensor log_ndtr(const Tensor& x) { return torch::special_log_ndtr(x); }
inline Tensor ndtri(const Tensor& x) { return torch::special_ndtri(x); }
inline Tensor entr(const Tensor& x) { return torch::special_entr(x); }
inline Tensor zeta(const Tensor& x, const Tensor& y) { return torch::special_zeta(x, y); }
inline Tensor any_all(const Tensor& x) { return x.any(); }
inline Tensor gelu_tanh(const Tensor& x) { return torch::gelu(x, "tanh"); }
inline Tensor var(const Tensor& x, Dims dims) { return x.var(dims, true); }
inline Tensor prod_dim(const Tensor& x) { return x.prod(1); }
inline Tensor norm2(const Tensor& x, Dims dims) {
  return dims.empty() ? torch::linalg_vector_norm(x, 2) : torch::linalg_vector_norm(x, 2, dims);
}
inline Tensor normalize(const Tensor& x) { return F::normalize(x); }
inline Tensor max_values(const Tensor& x, int64_t dim) { return std::get<0>(torch::max(x, dim)); }
inline Tensor sort_values(const Tensor& x) { return std::get<0>(torch::sort(x, 1)); }
inline Tensor topk_values(const Tensor& x, int64_t k) { return std::get<0>(torch::topk(x, k)); }
inline Tensor unique_values(const Tensor& x) { return std::get<0>(at::_unique(x)); }
inline Tensor cummax_values(const Tensor& x) { return std::get<0>(torch::cummax(x, 1)); }
inline Tensor median_values(const Tensor& x) { return std::get<0>(torch::median(x, 1)); }
inline Tensor kth_values(const Tensor& x, int64_t k) { return std::get<0>(torch::kthvalue(x, k, 1)); }
inline Tensor mode_values(const Tensor& x) { return std::get<0>(torch::mode(x, 1)); }
inline Tensor qr_product(const Tensor& x) {
  const auto [q, r] = torch::linalg_qr(x);
  return q.matmul(r);
}
inline Tensor singular_values(const Tensor& x) { return torch::linalg_svdvals(x); }
inline Tensor ctc(const Tensor& x, const Tensor& y) {
  const Tensor none = y.select(1, 0) * 0;
  return torch::ctc_loss(torch::log_softmax(x, 2), y + 1, none + x.size(0), none + 2);
}
inline Tensor cross_entropy(const Tensor& x, const Tensor& y) { return torch::cross_entropy_loss(x, y); }
inline Tensor bce_logits(const Tensor& x, const Tensor& y) { return torch::binary_cross_entropy_with_logits(x, y); }
inline Tensor kl_div(const Tensor& x, const Tensor& y) { return torch::kl_div(x, y, at::Reduction::Sum); }
inline Tensor triplet(Inputs a) { return torch::triplet_margin_loss(a[0], a[1], a[2]); }
inline Tensor conv1d(const Tensor& x, const Tensor& w, const Tensor& b) { return torch::conv1d(x, w, b, 1, 2); }
inline Tensor conv2d(const Tensor& x, const Tensor& w, const Tensor& b, int64_t stride, int64_t padding,
                     int64_t groups = 1) {
  return torch::conv2d(x, w, b, stride, padding, 1, groups);
}
inline Tensor conv_up(const Tensor& x, const Tensor& w, const Tensor& b) {
  return torch::conv_transpose2d(x, w, b, 2, 1);
}
inline Tensor max_pool(const Tensor& x, int64_t k, int64_t stride, int64_t padding) {
  return torch::max_pool2d(x, k, stride, padding);
}
inline Tensor avg_pool(const Tensor& x, int64_t k, int64_t stride, int64_t padding) {
  return torch::avg_pool2d(x, k, stride, padding);
}
inline Tensor adaptive_avg(const Tensor& x, int64_t n) { return torch::adaptive_avg_pool2d(x, {n, n}); }
inline Tensor adaptive_max(const Tensor& x, int64_t n) { return std::get<0>(torch::adaptive_max_pool2d(x, {n, n})); }
inline Tensor batch_norm(Inputs a) { return torch::batch_norm(a[0], a[1], a[2], {}, {}, true, 0.1, 1e-5, false); }
inline Tensor layer_norm(Inputs a) { return torch::layer_norm(a[0], {a[0].size(-1)}, a[1], a[2]); }
inline Tensor group_norm(Inputs a, int64_t groups) { return torch::group_norm(a[0], groups, a[1], a[2]); }
inline Tensor instance_norm(const Tensor& x) { return torch::instance_norm(x, {}, {}, {}, {}, true, 0.1, 1e-5, false); }
inline Tensor channel_dropout(const Tensor& x) { return torch::feature_dropout(x, 0.5, true); }
inline Tensor zero_pad(const Tensor& x) { return torch::constant_pad_nd(x, {1, 1, 1, 1}); }
inline Tensor reflect_pad(const Tensor& x) { return torch::reflection_pad2d(x, {1, 1, 1, 1}); }
inline Tensor scaled(const Tensor& x, F::InterpolateFuncOptions::mode_t mode) {
  return F::interpolate(x, F::InterpolateFuncOptions().scale_factor(std::vector<double>{2, 2}).mode(mode));
}
inline Tensor nearest_x2(const Tensor& x) { return scaled(x, torch::kNearest); }
inline Tensor bilinear_x2(const Tensor& x) {
  return torch::upsample_bilinear2d(x, {2 * x.size(2), 2 * x.size(3)}, false);
}
inline Tensor bicubic_x2(const Tensor& x) {
  return torch::upsample_bicubic2d(x, {2 * x.size(2), 2 * x.size(3)}, false);
}
inline Tensor grid_sample(const Tensor& x, const Tensor& grid) { return torch::grid_sampler(x, grid, 0, 0, false); }
inline Tensor unfold(const Tensor& x) { return torch::im2col(x, {3, 3}, {1, 1}, {1, 1}, {1, 1}); }
inline Tensor embedding(const Tensor& weight, const Tensor& index) { return torch::embedding(weight, index); }
inline Tensor embedding_bag(Inputs a) { return F::embedding_bag(a[0], a[1]); }
inline Tensor state(const Tensor& x, const Tensor& w) { return torch::zeros({1, x.size(1), w.size(1)}); }
inline Tensor lstm(Inputs a) {
  const Tensor h = state(a[0], a[2]);
  return std::get<0>(torch::lstm(a[0], {h, h}, {a[1], a[2], a[3], a[4]}, true, 1, 0, true, false, false));
}
inline Tensor gru(Inputs a) {
  const Tensor h = state(a[0], a[2]);
  return std::get<0>(torch::gru(a[0], h, {a[1], a[2], a[3], a[4]}, true, 1, 0, true, false, false));
}
inline Tensor attend(Inputs a, const c10::optional<Tensor>& mask, double dropout, bool causal) {
#if TORCH_VERSION_MAJOR >= 2
  return torch::scaled_dot_product_attention(a[0], a[1], a[2], mask, dropout, causal);
#else
  return std::get<0>(torch::_scaled_dot_product_attention(a[0], a[1], a[2], mask, dropout, false, causal));
#endif
}
inline Tensor attention(Inputs a, bool causal) { return attend(a, {}, 0, causal); }
inline Tensor attention_masked(Inputs a) { return attend(a, a[3], 0, false); }
inline Tensor attention_dropout(Inputs a) { return attend(a, {}, 0.1, false); }
inline Tensor bernoulli(const Tensor& p) { return torch::bernoulli(p); }

}  // namespace side
