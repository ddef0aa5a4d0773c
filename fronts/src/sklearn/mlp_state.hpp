// What a multi-layer perceptron has learnt, and the pieces of learning.
#pragma once

#include <string>
#include <vector>

#include <xgrad/nn/linear.hpp>
#include <xgrad/nn/sequential.hpp>
#include <xgrad/optim/optimizer.hpp>
#include <xgrad/optim/scheduler_decay.hpp>
#include <xgrad/optim/scheduler_plateau.hpp>
#include <xgrad/random.hpp>
#include <xgrad/sklearn/mlp.hpp>

namespace xgrad::sklearn {

struct BaseMultilayerPerceptron::Fitted {
  nn::Sequential net = nullptr;
  std::string output;  // the activation: identity, logistic, softmax
  Tensor classes;      // of a classifier
  Strings names;       // of the classes 0, 1, ... where the labels are strings
  DType dtype = kFloat32;
  std::vector<std::int64_t> sizes;  // of all layers, the inputs first
  std::vector<double> loss_curve, validation_scores;
  double loss = 0;
  std::int64_t epochs = 0, samples_seen = 0, steps = 0;  // steps: of the optimizer
  bool stochastic = false, early_stopping = false, converged = true;
  // The best score, or loss, and how long ago it was; of an optimizer that is made anew, too.
  NamedTensors rule_state;
  std::shared_ptr<optim::Optimizer> optimizer;
  std::shared_ptr<optim::AdaptiveLR> rule;      // when to stop
  std::shared_ptr<optim::InvScalingLR> fading;  // invscaling

  std::vector<nn::Linear> layers() const;
  // Another one that learns on from here and leaves this as it is.
  std::shared_ptr<Fitted> copy(const MLPOptions& options) const;
  // options.solver's optimizer and its schedules, from the beginning.
  void make_optimizer(const MLPOptions& options);
  double best() const;  // of the rule: the loss, or minus the score
};

// The net of these sizes with first values from the generator.
nn::Sequential make_net(const std::vector<std::int64_t>& sizes, const MLPOptions& options, DType dtype,
                        const Generator& generator);

struct Loss {
  Tensor objective;     // what is differentiated
  double reported = 0;  // in loss_curve_: for several outputs of a regressor the mean over them
};
// The mean loss of a batch and the L2 term.
Loss batch_loss(const nn::Sequential& net, const std::vector<nn::Linear>& layers, const std::string& output,
                const Tensor& X, const Tensor& y, double alpha);

}  // namespace xgrad::sklearn
