// A multi-layer perceptron forward, for m examples at once. Examples are the columns of X, as on the blackboard:
//
//   Z[1] = W[1] X + b[1]     A[1] = tanh(Z[1])     Z[2] = W[2] A[1] + b[2]     A[2] = σ(Z[2])
//
// Every matrix is written out with its shape. The library keeps examples in rows: nn::Linear computes X W^T + b.
//
// expect: difference_to_the_loop < 1e-6
// expect: difference_to_nn_Linear < 1e-6
// expect: rows_of_Z1 == 3
// expect: columns_of_Z1 == 4
#include "lecture.hpp"

using xgrad::Tensor;
namespace nn = xgrad::nn;
namespace viz = xgrad::viz;

// Of given weights, as modules.
nn::Sequential network(const Tensor& W1, const Tensor& b1, const Tensor& W2, const Tensor& b2) {
  return nn::Sequential(nn::Linear::from_weight(W1, b1), nn::Tanh(), nn::Linear::from_weight(W2, b2), nn::Sigmoid());
}

struct Step {
  std::string name;
  Tensor values;
};

void print(const Step& s) {
  std::cout << s.name << "  " << s.values.size(0) << " x " << s.values.size(1) << "\n";
  for (std::int64_t i = 0; i < s.values.size(0); ++i) {
    std::printf("   ");
    for (std::int64_t j = 0; j < s.values.size(1); ++j) std::printf(" %8.4f", s.values[i][j].item());
    std::printf("\n");
  }
}

viz::Plot draw(const Step& s) {
  const int columns = static_cast<int>(s.values.size(1));
  const int height = 70 + 60 * static_cast<int>(s.values.size(0));
  viz::Plot plot({.title = s.name, .width = 120 + 62 * columns, .height = height, .legend = false});
  std::vector<double> rows, examples;
  std::vector<std::string> row_names, example_names;
  for (std::int64_t i = 0; i < s.values.size(0); ++i) {
    rows.push_back(static_cast<double>(i));
    row_names.push_back(std::to_string(i + 1));
  }
  for (int j = 0; j < columns; ++j) {
    examples.push_back(j);
    example_names.push_back(std::to_string(j + 1));
  }
  plot.imshow(s.values, {.cmap = viz::Colormap::PRGn, .vmin = -2.5, .vmax = 2.5, .colorbar = false, .numbers = true});
  plot.xticks(examples, example_names).yticks(rows, row_names);
  return plot;
}

void lecture(const Lecture& l) {
  const Tensor X = xgrad::tensor({{0., 1., 2., -1.}, {1., -1., 0.5, 2.}});  // 2 features, m = 4 examples
  const Tensor W1 = xgrad::tensor({{1., -0.5}, {0.5, 1.}, {-1., 0.25}}), b1 = xgrad::tensor({0.1, -0.2, 0.3});
  const Tensor W2 = xgrad::tensor({{1., -1., 0.5}}), b2 = xgrad::tensor({0.2});

  const Tensor Z1 = matmul(W1, X) + b1.unsqueeze(1);  // b[1] is added to every column
  const Tensor A1 = tanh(Z1);
  const Tensor Z2 = matmul(W2, A1) + b2.unsqueeze(1);
  const Tensor A2 = sigmoid(Z2);
  const std::vector<Step> steps{{"X = A[0]", X},          {"W[1]", W1}, {"Z[1] = W[1] X + b[1]", Z1},
                                {"A[1] = tanh Z[1]", A1}, {"W[2]", W2}, {"Z[2] = W[2] A[1] + b[2]", Z2},
                                {"A[2] = σ(Z[2])", A2}};
  for (const Step& s : steps) print(s);

  // One example after the other gives the columns.
  Tensor loop = xgrad::zeros({1, 4});
  for (int j = 0; j < 4; ++j) {
    const Tensor x = X.select(1, j);
    loop.select(1, j) = sigmoid(matmul(W2, tanh(matmul(W1, x) + b1)) + b2);
  }
  figure("difference_to_the_loop", (loop - A2).abs().max().item());

  // The same as modules, with the examples in rows.
  const nn::Sequential net = network(W1, b1, W2, b2);
  figure("difference_to_nn_Linear", (net(X.t()).t() - A2).abs().max().item());
  figure("rows_of_Z1", static_cast<double>(Z1.size(0)));
  figure("columns_of_Z1", static_cast<double>(Z1.size(1)));

  viz::subplots({{draw(steps[0]), draw(steps[1]), draw(steps[2]), draw(steps[3])},
                 {draw(steps[4]), draw(steps[5]), draw(steps[6])}},
                l.picture("04_forward.svg"), {.title = "Forward, m = 4 examples at once: columns are examples"});
}

int main(int argc, char** argv) { return give_lecture(argc, argv, lecture); }
