// The stateless forms of the modules, under the name PyTorch users look for.
#pragma once

#include <xgrad/ops.hpp>

namespace xgrad::nn::functional {

using xgrad::batch_norm;
using xgrad::binary_cross_entropy;
using xgrad::binary_cross_entropy_with_logits;
using xgrad::celu;
using xgrad::cosine_embedding_loss;
using xgrad::cross_entropy;
using xgrad::dropout;
using xgrad::elu;
using xgrad::embedding;
using xgrad::embedding_bag;
using xgrad::gaussian_nll_loss;
using xgrad::gelu;
using xgrad::glu;
using xgrad::group_norm;
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
using xgrad::one_hot;
using xgrad::pad;
using xgrad::poisson_nll_loss;
using xgrad::prelu;
using xgrad::relu;
using xgrad::relu6;
using xgrad::rrelu;
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

}  // namespace xgrad::nn::functional
