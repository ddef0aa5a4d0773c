// Gradients compared with central differences of the loss.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <xgrad/tensor.hpp>

namespace xgrad::viz {

struct GradientCheck {
  double error = 0;  // the largest difference, but for kinks
  bool agrees = false;
  int points = 0;  // that were compared
  int kinks = 0;   // of them: where the loss has two slopes, and the gradient is one of them or between them
};

class Checker {
 public:
  // again computes the loss once more; loss: its value in the graph.
  // leaves: those of the graph, whose .grad stays.
  Checker(std::function<Tensor()> again, double loss, std::vector<Tensor> leaves);
  // Why nothing can be checked: it is not one number, or another one than in the graph. Empty when it can.
  const std::string& problem() const { return problem_; }
  // points == 0: there was no time left. Nothing of the program is changed afterwards.
  GradientCheck check(Tensor parameter, const Tensor& grad);

 private:
  struct Compared {
    double error = 0;
    enum { agrees, kink, differs } result = differs;
  };
  struct Scale {
    double step, tolerance, rounding, most_noise;  // rounding and noise: of the loss, and of a slope
  };
  using Mover = std::function<double(double)>;  // moves the number by h; how far it went after rounding

  double evaluate();
  Compared compare(const Mover& move, double exact, const Scale& scale);

  std::function<Tensor()> again_;
  std::vector<Tensor> leaves_;
  double loss_, here_ = 0;  // in the graph, and computed again
  std::string problem_;
  double seconds_ = 0;
  int evaluations_ = 0;
};

}  // namespace xgrad::viz
