#include "mlp_state.hpp"

#include <cmath>
#include <limits>

#include <xgrad/nn/activation.hpp>
#include <xgrad/nn/init.hpp>
#include <xgrad/nn/weight_options.hpp>
#include <xgrad/ops.hpp>
#include <xgrad/optim/adam.hpp>
#include <xgrad/optim/sgd.hpp>

namespace xgrad::sklearn {
namespace {

using Fitted = BaseMultilayerPerceptron;

nn::AnyModule activation_module(const std::string& name) {
  if (name == "logistic") return nn::Sigmoid();
  if (name == "tanh") return nn::Tanh();
  if (name == "relu") return nn::ReLU();
  return nn::Identity();
}

// Entries of one state in the place of those of another.
void carry_over(NamedTensors& into, const NamedTensors& from, std::initializer_list<const char*> keys) {
  for (auto& [key, t] : into)
    for (const char* wanted : keys)
      if (key == wanted)
        for (const auto& [name, value] : from)
          if (name == wanted) t = value;
}

}  // namespace

nn::Sequential make_net(const std::vector<std::int64_t>& sizes, const MLPOptions& o, DType dtype,
                        const Generator& generator) {
  // xavier_uniform_ has the factor 6.
  const double gain = o.activation == "logistic" ? std::sqrt(2.0 / 6.0) : 1;
  nn::Sequential net;
  for (std::size_t i = 0; i + 1 < sizes.size(); ++i) {
    // (Not by nn::Linear's own first values, which would draw from the default generator.)
    nn::Linear layer = nn::Linear::from_weight(zeros({sizes[i + 1], sizes[i]}, dtype), zeros({sizes[i + 1]}, dtype));
    nn::init::xavier_uniform_(layer.weight, gain, generator);
    const double bound = gain * std::sqrt(6.0 / static_cast<double>(sizes[i] + sizes[i + 1]));
    nn::init::uniform_(layer.bias, -bound, bound, generator);
    net.push_back(layer);
    if (i + 2 < sizes.size()) net.push_back(activation_module(o.activation));
  }
  return net;
}

std::vector<nn::Linear> BaseMultilayerPerceptron::Fitted::layers() const {
  std::vector<nn::Linear> out;
  for (const nn::AnyModule& part : net)
    if (const nn::Linear* layer = part.as<nn::Linear>()) out.push_back(*layer);
  return out;
}

void BaseMultilayerPerceptron::Fitted::make_optimizer(const MLPOptions& o) {
  steps = 0;
  if (o.solver == "sgd")
    optimizer = std::make_shared<optim::SGD>(
        net.parameters(),
        optim::SGDOptions{
            .lr = o.learning_rate_init, .momentum = o.momentum, .nesterov = o.nesterovs_momentum && o.momentum > 0});
  else
    optimizer = std::make_shared<optim::Adam>(
        net.parameters(), optim::AdamOptions{.lr = o.learning_rate_init, .betas = {o.beta_1, o.beta_2}});
  const bool adaptive = o.solver == "sgd" && o.learning_rate == "adaptive";
  // A rate that is not adaptive is low enough at once: training is over when the loss stands still.
  const double enough = adaptive ? 1e-6 : std::numeric_limits<double>::max();
  rule = std::make_shared<optim::AdaptiveLR>(
      *optimizer,
      optim::AdaptiveLROptions{.tol = o.tol, .n_iter_no_change = o.n_iter_no_change, .factor = 0.2, .min_lr = enough});
  if (!rule_state.empty()) {
    NamedTensors state = rule->state_dict();
    carry_over(state, rule_state, {"best", "num_bad_epochs"});
    rule->load_state_dict(state);
  }
  fading = nullptr;
  if (o.solver == "sgd" && o.learning_rate == "invscaling")
    fading = std::make_shared<optim::InvScalingLR>(*optimizer, optim::InvScalingLROptions{.power_t = o.power_t});
}

std::shared_ptr<BaseMultilayerPerceptron::Fitted> BaseMultilayerPerceptron::Fitted::copy(const MLPOptions& o) const {
  auto out = std::make_shared<Fitted>(*this);
  out->net = nn::clone(net);
  if (!optimizer) return out;
  out->make_optimizer(o);
  out->steps = steps;
  // Of another solver, which set_params may have named, there is nothing to take over.
  if (out->optimizer->name() == optimizer->name()) out->optimizer->load_state_dict(optimizer->state_dict());
  NamedTensors state = out->rule->state_dict();
  carry_over(state, rule->state_dict(), {"best", "num_bad_epochs"});
  out->rule->load_state_dict(state);
  out->rule_state = state;
  return out;
}

double BaseMultilayerPerceptron::Fitted::best() const { return rule->best(); }

Loss batch_loss(const nn::Sequential& net, const std::vector<nn::Linear>& layers, const std::string& output,
                const Tensor& X, const Tensor& y, double alpha) {
  const auto n = static_cast<double>(X.size(0));
  const Tensor z = net(X);
  Tensor mean;
  double outputs = 1;
  if (output == "softmax") {
    mean = cross_entropy(z, y);
  } else if (output == "logistic") {
    mean = binary_cross_entropy_with_logits(z, y, {.reduction = Reduction::sum}) / n;
  } else {
    outputs = static_cast<double>(y.size(1));
    mean = mse_loss(z, y, Reduction::sum) / (2 * n);
  }
  const nn::Regularizer l2 = nn::L2(alpha / (2 * n));
  Tensor penalty;
  for (const nn::Linear& layer : layers) {
    const Tensor of_layer = l2(layer.weight);
    penalty = penalty.defined() ? penalty + of_layer : of_layer;
  }
  return {mean + penalty, mean.item() / outputs + penalty.item()};
}

}  // namespace xgrad::sklearn
