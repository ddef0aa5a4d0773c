// Gradients compared with central differences of the loss.
#pragma once

#include <functional>
#include <string>

#include <xgrad/tensor.hpp>

namespace xgrad::viz {

struct GradientCheck {
  double error = 0;  // the largest difference
  bool agrees = false;
  int points = 0;  // that were compared
};

class Checker {
 public:
  // again computes the loss once more; loss: its value in the graph.
  Checker(std::function<Tensor()> again, double loss);
  // Why nothing can be checked: it is not one number, or another one than in the graph. Empty when it can.
  const std::string& problem() const { return problem_; }
  // points == 0: there was no time left. The parameter has its values again afterwards.
  GradientCheck check(Tensor parameter, const Tensor& grad);

 private:
  double evaluate() const;

  std::function<Tensor()> again_;
  double loss_;
  std::string problem_;
  double seconds_ = 0;
  int evaluations_ = 0;
};

}  // namespace xgrad::viz
