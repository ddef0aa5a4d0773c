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

}  // namespace xgrad::nn::functional
