// The stateless forms of the modules, under the name PyTorch users look for.
#pragma once

#include <xgrad/ops.hpp>

namespace xgrad::nn::functional {

using xgrad::affine_grid;
using xgrad::alpha_dropout;
using xgrad::batch_norm;
using xgrad::bilinear;
using xgrad::binary_cross_entropy;
using xgrad::binary_cross_entropy_with_logits;
using xgrad::celu;
using xgrad::channel_shuffle;
using xgrad::cosine_embedding_loss;
using xgrad::cosine_similarity;
using xgrad::cross_entropy;
using xgrad::ctc_loss;
using xgrad::dropout;
using xgrad::elu;
using xgrad::embedding;
using xgrad::embedding_bag;
using xgrad::feature_alpha_dropout;
using xgrad::gaussian_nll_loss;
using xgrad::gelu;
using xgrad::glu;
using xgrad::grid_sample;
using xgrad::group_norm;
using xgrad::gumbel_softmax;
using xgrad::hardshrink;
using xgrad::hardsigmoid;
using xgrad::hardswish;
using xgrad::hardtanh;
using xgrad::hinge_embedding_loss;
using xgrad::huber_loss;
using xgrad::instance_norm;
using xgrad::interpolate;
using xgrad::kl_div;
using xgrad::l1_loss;
using xgrad::layer_norm;
using xgrad::leaky_relu;
using xgrad::linear;
using xgrad::local_response_norm;
using xgrad::log_sigmoid;
using xgrad::log_softmax;
using xgrad::margin_ranking_loss;
using xgrad::mish;
using xgrad::mse_loss;
using xgrad::multi_margin_loss;
using xgrad::multilabel_margin_loss;
using xgrad::multilabel_soft_margin_loss;
using xgrad::nll_loss;
using xgrad::normalize;
using xgrad::one_hot;
using xgrad::pad;
using xgrad::pairwise_distance;
using xgrad::pdist;
using xgrad::pixel_shuffle;
using xgrad::pixel_unshuffle;
using xgrad::poisson_nll_loss;
using xgrad::prelu;
using xgrad::relu;
using xgrad::relu6;
using xgrad::rms_norm;
using xgrad::rrelu;
using xgrad::scaled_dot_product_attention;
using xgrad::selu;
using xgrad::sigmoid;
using xgrad::silu;
using xgrad::smooth_l1_loss;
using xgrad::soft_margin_loss;
using xgrad::softmax;
using xgrad::softmin;
using xgrad::softplus;
using xgrad::softshrink;
using xgrad::softsign;
using xgrad::tanh;
using xgrad::tanhshrink;
using xgrad::threshold;
using xgrad::triplet_margin_loss;

using xgrad::adaptive_avg_pool1d;
using xgrad::adaptive_avg_pool2d;
using xgrad::adaptive_avg_pool3d;
using xgrad::adaptive_max_pool1d;
using xgrad::adaptive_max_pool1d_with_indices;
using xgrad::adaptive_max_pool2d;
using xgrad::adaptive_max_pool2d_with_indices;
using xgrad::adaptive_max_pool3d;
using xgrad::adaptive_max_pool3d_with_indices;
using xgrad::avg_pool1d;
using xgrad::avg_pool2d;
using xgrad::avg_pool3d;
using xgrad::conv1d;
using xgrad::conv2d;
using xgrad::conv3d;
using xgrad::conv_transpose1d;
using xgrad::conv_transpose2d;
using xgrad::conv_transpose3d;
using xgrad::fractional_max_pool2d;
using xgrad::fractional_max_pool2d_with_indices;
using xgrad::fractional_max_pool3d;
using xgrad::fractional_max_pool3d_with_indices;
using xgrad::lp_pool1d;
using xgrad::lp_pool2d;
using xgrad::lp_pool3d;
using xgrad::max_pool1d;
using xgrad::max_pool1d_with_indices;
using xgrad::max_pool2d;
using xgrad::max_pool2d_with_indices;
using xgrad::max_pool3d;
using xgrad::max_pool3d_with_indices;
using xgrad::max_unpool1d;
using xgrad::max_unpool2d;
using xgrad::max_unpool3d;

// The names of im2col and col2im here.
[[nodiscard]] inline Tensor unfold(const Tensor& x, Extents<2> kernel_size, PatchOptions options = {},
                                   Location at = Location::current()) {
  return im2col(x, kernel_size, options, at);
}
[[nodiscard]] inline Tensor fold(const Tensor& x, Extents<2> output_size, Extents<2> kernel_size,
                                 PatchOptions options = {}, Location at = Location::current()) {
  return col2im(x, output_size, kernel_size, options, at);
}

}  // namespace xgrad::nn::functional
