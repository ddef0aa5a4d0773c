// Where the update rules of scikit-learn and Keras differ from PyTorch's, which are those of optim.
#pragma once

#include <functional>

#include <xgrad/optim/adam.hpp>
#include <xgrad/optim/sgd.hpp>

namespace xgrad::fronts {

// Their Adam adds epsilon to sqrt(v), not to sqrt(v^): the "epsilon hat" of Kingma & Ba 2015, section 2. For step
// number `step`, from 1.
template <bool Decoupled>
void use_epsilon_hat(optim::AdamOf<Decoupled>& opt, double epsilon, std::int64_t step);

// Their momentum is a velocity v = m v - lr g, which keeps its speed when the rate changes; optim's buffer has the rate
// outside. Changes the rate by change() and the buffers with it.
void change_rate(optim::Optimizer& opt, const std::function<void()>& change);

}  // namespace xgrad::fronts
