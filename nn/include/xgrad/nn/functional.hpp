// The stateless forms of the modules, under the name PyTorch users look for.
#pragma once

#include <xgrad/ops.hpp>

namespace xgrad::nn::functional {

using xgrad::binary_cross_entropy_with_logits;
using xgrad::cross_entropy;
using xgrad::dropout;
using xgrad::elu;
using xgrad::gelu;
using xgrad::l1_loss;
using xgrad::leaky_relu;
using xgrad::linear;
using xgrad::log_sigmoid;
using xgrad::log_softmax;
using xgrad::mse_loss;
using xgrad::nll_loss;
using xgrad::relu;
using xgrad::sigmoid;
using xgrad::silu;
using xgrad::softmax;
using xgrad::softplus;
using xgrad::tanh;

using xgrad::conv1d;
using xgrad::conv2d;
using xgrad::conv3d;
using xgrad::conv_transpose1d;
using xgrad::conv_transpose2d;
using xgrad::conv_transpose3d;
using xgrad::max_pool1d;
using xgrad::max_pool2d;
using xgrad::max_pool3d;
using xgrad::max_pool1d_with_indices;
using xgrad::max_pool2d_with_indices;
using xgrad::max_pool3d_with_indices;
using xgrad::avg_pool1d;
using xgrad::avg_pool2d;
using xgrad::avg_pool3d;
using xgrad::adaptive_avg_pool1d;
using xgrad::adaptive_avg_pool2d;
using xgrad::adaptive_avg_pool3d;
using xgrad::adaptive_max_pool1d;
using xgrad::adaptive_max_pool2d;
using xgrad::adaptive_max_pool3d;
using xgrad::adaptive_max_pool1d_with_indices;
using xgrad::adaptive_max_pool2d_with_indices;
using xgrad::adaptive_max_pool3d_with_indices;
using xgrad::max_unpool1d;
using xgrad::max_unpool2d;
using xgrad::max_unpool3d;

}  // namespace xgrad::nn::functional
