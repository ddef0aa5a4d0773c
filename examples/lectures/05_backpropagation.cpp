// Backpropagation by hand, beside the library's. Examples are rows here, as in the library; L is the mean over m.
//
//   δ[2] = ∂L/∂Z[2]        δ[1] = ∂L/∂Z[1] = δ[2] W[2] ⊙ (1 - A[1]²)
//   ∂L/∂W[l] = δ[l]^T A[l-1]        ∂L/∂b[l] = sum of δ[l] over the examples
//
// Two output layers: regression, L = 1/2 (a - y)² with a = z, and softmax with cross entropy. Both begin alike:
//
//   δ[2] = (A[2] - Y) / m
//
// expect: regression_difference < 1e-12
// expect: softmax_difference < 1e-12
// expect: finite_difference_error < 1e-7
#include "lecture.hpp"

using xgrad::Tensor;
namespace viz = xgrad::viz;

struct Net {
  Tensor W1, b1, W2, b2;
  explicit Net(int outputs) {
    const auto parameter = [](const xgrad::Shape& shape, const char* name) {
      Tensor t = xgrad::randn(shape, {xgrad::kFloat64}).requires_grad_();
      t.set_name(name);
      return t;
    };
    W1 = parameter({3, 2}, "W[1]");
    b1 = parameter({3}, "b[1]");
    W2 = parameter({outputs, 3}, "W[2]");
    b2 = parameter({outputs}, "b[2]");
  }
  Tensor hidden(const Tensor& x) const { return tanh(linear(x, W1, b1)); }
  Tensor output(const Tensor& a1) const { return linear(a1, W2, b2); }
};

// The four gradients by the formulas above, δ[2] given.
std::vector<Tensor> by_hand(const Net& n, const Tensor& x, const Tensor& a1, const Tensor& delta2) {
  const Tensor delta1 = matmul(delta2, n.W2) * (1 - square(a1));
  std::cout << "δ[2] =\n" << delta2 << "\nδ[1] =\n" << delta1 << "\n";
  return {matmul(delta1.t(), x), delta1.sum({0}), matmul(delta2.t(), a1), delta2.sum({0})};
}

double compare(const Net& n, const std::vector<Tensor>& hand) {
  double largest = 0;
  const Tensor* parameters[] = {&n.W1, &n.b1, &n.W2, &n.b2};
  for (int i = 0; i < 4; ++i) {
    const Tensor& p = *parameters[i];
    const Tensor &mine = hand[static_cast<std::size_t>(i)], library = p.grad();
    std::cout << "∂L/∂" << p.name() << " by hand:\n" << mine << "\nby the library:\n" << library << "\n";
    largest = std::max(largest, (mine - library).abs().max().item());
  }
  return largest;
}

void lecture(const Lecture& l) {
  const Tensor x = xgrad::tensor({{0.5, -1.}, {1., 2.}, {-1.5, 0.3}, {0.2, 0.8}}, {xgrad::kFloat64});
  const double m = 4;

  std::cout << "--- regression\n";
  const Tensor y = xgrad::tensor({{1.}, {0.}, {2.}, {-1.}}, {xgrad::kFloat64});
  Net regression(1);
  const Tensor z2 = regression.output(regression.hidden(x));
  (0.5 * square(z2 - y)).mean().backward();
  {
    const xgrad::NoGradGuard by_formulas;
    const Tensor a1 = regression.hidden(x);
    figure("regression_difference", compare(regression, by_hand(regression, x, a1, (regression.output(a1) - y) / m)));
  }

  std::cout << "--- softmax and cross entropy, 3 classes\n";
  const Tensor classes = xgrad::tensor({0, 2, 1, 2});
  Net classifier(3);
  {
    const xgrad::TapeRecorder record;  // for the pictures
    Tensor input = x.clone(), target = classes.clone();
    input.set_name("x");
    target.set_name("y");
    const Tensor loss = cross_entropy(classifier.output(classifier.hidden(input)), target);
    loss.backward();
    viz::save(loss, l.picture("05_backpropagation.svg"), {.rankdir = viz::Rankdir::left_to_right});
    viz::save(loss, l.picture("05_backpropagation_explorer.html"));
  }
  {
    const xgrad::NoGradGuard by_formulas;
    const Tensor a1 = classifier.hidden(x), a2 = softmax(classifier.output(a1), 1);
    const Tensor Y = one_hot(classes, 3).to(xgrad::kFloat64);
    figure("softmax_difference", compare(classifier, by_hand(classifier, x, a1, (a2 - Y) / m)));
  }

  // A third opinion: (L(w + h) - L(w - h)) / 2h for one weight.
  const xgrad::NoGradGuard no_grad;
  const double h = 1e-5, before = classifier.W1[0][1].item();
  double at[2];
  for (const int side : {0, 1}) {
    classifier.W1[0][1] = before + (side ? h : -h);
    at[side] = cross_entropy(classifier.output(classifier.hidden(x)), classes).item();
  }
  classifier.W1[0][1] = before;
  figure("finite_difference_error", std::abs((at[1] - at[0]) / (2 * h) - classifier.W1.grad()[0][1].item()));
}

int main(int argc, char** argv) { return give_lecture(argc, argv, lecture); }
