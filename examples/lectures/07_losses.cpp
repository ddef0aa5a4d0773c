// A loss for each kind of answer, and the output layer that belongs to it.
//
//   regression    a = z            L = (a - y)²                          ∂L/∂z = 2 (a - y)
//   binary        a = σ(z)         L = -y log a - (1 - y) log(1 - a)     ∂L/∂z = a - y
//   multi-class   a = softmax(z)   L = -log a_y                          ∂L/∂z = a - onehot(y)
//   multi-label   a = σ(z)         the sum of binary losses              ∂L/∂z = a - y
//
// Four networks, 64 -> 32 -> outputs, on 8x8 digits: 1,437 to learn from, 360 to test. With --tables DIR also on real
// tables: diabetes (Efron et al. 2004), breast cancer and wine (UCI), as scikit-learn ships them; a quarter tests.
//
// expect: regression_r2 > 0.4
// expect: binary_accuracy > 0.92
// expect: multiclass_accuracy > 0.85
// expect: multilabel_accuracy > 0.9
// expect: slope_of_BCE_when_wrong > 0.99
// expect: slope_of_MSE_when_wrong < 0.02
// expect --tables: diabetes_r2 > 0.3
// expect --tables: breast_cancer_accuracy > 0.93
// expect --tables: wine_accuracy > 0.93
// expect --tables: blood_values_accuracy > 0.82
#include <functional>

#include "lecture.hpp"

using xgrad::Tensor;
namespace data = xgrad::data;
namespace nn = xgrad::nn;
namespace optim = xgrad::optim;
namespace viz = xgrad::viz;

using Loss = std::function<Tensor(const Tensor& z)>;

// A loss of one output z with its slope, over z.
void draw(viz::Plot& plot, const std::string& name, const Loss& loss, const std::string& color) {
  Tensor z = xgrad::linspace(-5, 5, 401).requires_grad_();
  const Tensor values = loss(z);
  values.sum().backward();
  plot.line(z, values, {.label = name, .color = color, .width = 2.4});
  plot.line(z, z.grad(), {.label = "slope", .color = color, .width = 1.8, .dashed = true});
}
viz::Plot panel(const std::string& title) {
  return viz::Plot({.title = title, .x_label = "z", .width = 430, .height = 320, .y_range = viz::Range{-2.2, 5.2}});
}
struct Task {
  std::string name, figure;
  std::int64_t outputs, tested;  // the last ones are for the test
  Tensor x, y;
  std::function<Tensor(const Tensor& z, const Tensor& y)> loss;
  std::function<double(const Tensor& z, const Tensor& y)> score;
  double l2 = 0;  // helps where there is little to learn from
};
nn::Sequential network(std::int64_t features, std::int64_t outputs) {
  return nn::Sequential(nn::Linear(features, 32), nn::ReLU(), nn::Linear(32, outputs));
}
// Trains on all but the last examples; the figure is the score of those.
void train(const Task& task, int steps, viz::Plot& curves) {
  xgrad::manual_seed(2);
  nn::Sequential net = network(task.x.size(1), task.outputs);
  optim::Adam opt(net.parameters(), {.lr = 0.01, .weight_decay = task.l2});
  const std::int64_t n = task.x.size(0) - task.tested;
  std::vector<double> losses;
  for (int step = 0; step < steps; ++step) {
    opt.zero_grad();
    const Tensor loss = task.loss(net(task.x.slice(0, 0, n)), task.y.slice(0, 0, n));
    loss.backward();
    opt.step();
    losses.push_back(loss.item());
  }
  curves.line(xgrad::arange(1, steps + 1), losses, {.label = task.name, .width = 2.2});
  const xgrad::NoGradGuard no_grad;
  std::printf("%s\n", task.name.c_str());
  figure(task.figure.c_str(), task.score(net(task.x.slice(0, n)), task.y.slice(0, n)));
}
// The rows of a table in random order; features with mean 0 and deviation 1 among those to learn from.
Task from_table(Task task, double l2 = 0.05) {
  const Tensor order = xgrad::randperm(task.x.size(0));
  task.tested = task.x.size(0) / 4, task.l2 = l2;
  task.x = task.x.index({order}), task.y = task.y.index({order});
  data::StandardScaler scaler;
  scaler.fit(task.x.slice(0, 0, task.x.size(0) - task.tested));
  task.x = scaler.transform(task.x);
  return task;
}

void lecture(const Lecture& l) {
  viz::Plot binary = panel("binary, y = 1"), real = panel("regression, y = 1"),
            classes = panel("3 classes, y = 1, z = (z, 0, 0)");
  const auto distance = [](const Tensor& z) { return square(z - 1); };
  const auto of_three = [](const Tensor& z) { return log1p(2 * exp(-z)); };
  const auto squared = [](const Tensor& z) { return square(sigmoid(z) - 1); };
  const auto entropy = [](const Tensor& z) { return softplus(-z); };  // -log σ(z)
  draw(real, "squared error", distance, "#0072B2");
  draw(binary, "cross entropy", entropy, "#0072B2");
  draw(binary, "squared error of σ(z)", squared, "#D55E00");
  draw(classes, "cross entropy", of_three, "#0072B2");
  // Why not squared errors behind a sigmoid: where the answer is most wrong, hardly any gradient is left.
  for (const auto& [name, loss] :
       {std::pair<const char*, Loss>{"slope_of_BCE_when_wrong", entropy}, {"slope_of_MSE_when_wrong", squared}}) {
    Tensor z = xgrad::tensor(-5.).requires_grad_();
    loss(z).backward();
    figure(name, std::abs(z.grad().item()));
  }
  const Tensor table = data::read_csv("examples/data/digits.csv"), x = table.slice(1, 0, 64) / 16;
  const Tensor digit = table.select(1, 64).to(xgrad::kInt64), ink = x.slice(1, 32, 64).mean({1}, true);
  // Of 0 to 9: even, at least 5, prime, has a loop.
  const Tensor labels = xgrad::tensor({1., 0., 0., 1., 0., 0., 0., 0., 1., 0., 1., 0., 0., 0., 1., 0., 1., 0., 0., 0.,
                                       0., 1., 1., 0., 1., 1., 0., 1., 0., 1., 1., 0., 1., 1., 0., 1., 0., 1., 0., 1.})
                            .reshape({10, 4});
  const auto squares = [](const Tensor& z, const Tensor& y) { return mse_loss(z, y); };
  const auto crosses = [](const Tensor& z, const Tensor& y) { return cross_entropy(z, y); };
  const auto yes_no = [](const Tensor& z, const Tensor& y) { return binary_cross_entropy_with_logits(z, y); };
  const auto r2 = [](const Tensor& z, const Tensor& y) {
    return 1 - (mse_loss(z, y) / square(y - y.mean()).mean()).item();
  };
  const auto right = [](const Tensor& z, const Tensor& y) { return xgrad::train::accuracy(z, y); };
  const auto positive = [](const Tensor& z, const Tensor& y) {
    return ((z > 0) == (y > 0.5)).to(xgrad::kFloat32).mean().item();
  };
  const auto standard = [](const Tensor& y) { return (y - y.mean()) / y.std(); };
  std::vector<Task> tasks{{"regression: ink below from the pixels above", "regression_r2", 1, 360, x.slice(1, 0, 32),
                           standard(ink), squares, r2},
                          {"binary: an 8 or not", "binary_accuracy", 1, 360, x,
                           (digit == 8).to(xgrad::kFloat32).unsqueeze(1), yes_no, positive},
                          {"multi-class: which digit", "multiclass_accuracy", 10, 360, x, digit, crosses, right},
                          {"multi-label: even, >= 5, prime, loop", "multilabel_accuracy", 4, 360, x,
                           labels.index({digit}), yes_no, positive}};
  if (!l.folder.empty()) {
    const Tensor cancer = data::read_csv(l.folder + "/breast_cancer.csv", {.skip_rows = 1}),
                 wine = data::read_csv(l.folder + "/wine_data.csv", {.skip_rows = 1}),
                 patients = data::read_csv(l.folder + "/diabetes_data_raw.csv.gz", {.delimiter = ' '}),
                 progress = data::read_csv(l.folder + "/diabetes_target.csv.gz");
    tasks.push_back(
        from_table({"regression: diabetes", "diabetes_r2", 1, 0, patients, standard(progress), squares, r2}));
    tasks.push_back(from_table({"binary: breast cancer", "breast_cancer_accuracy", 1, 0, cancer.slice(1, 0, 30),
                                cancer.slice(1, 30), yes_no, positive}));
    tasks.push_back(from_table({"multi-class: wine", "wine_accuracy", 3, 0, wine.slice(1, 0, 13),
                                wine.select(1, 13).to(xgrad::kInt64), crosses, right}));
    // Of the same patients, in mg/dl, by their other values: LDL >= 130? HDL < 40? triglycerides >= 150, e^5.01?
    const auto column = [&](int i) { return patients.select(1, i); };
    const Tensor values = xgrad::stack({column(5) >= 130, column(6) < 40, column(8) >= 5.01}, 1).to(xgrad::kFloat32);
    const Tensor others = xgrad::cat({patients.slice(1, 0, 5), patients.slice(1, 7, 8), patients.slice(1, 9)}, 1);
    tasks.push_back(from_table(
        {"multi-label: blood values", "blood_values_accuracy", 3, 0, others, values, yes_no, positive}, 0.003));
  }
  viz::Plot curves({.title = "Loss", .x_label = "step", .width = 1306, .height = 360, .y_scale = viz::Scale::log});
  for (const Task& task : tasks) train(task, l.steps(200, 80), curves);
  viz::subplots({{real, binary, classes}, {curves}}, l.picture("07_losses.svg"), {.title = "Losses and output layers"});
}

int main(int argc, char** argv) { return give_lecture(argc, argv, lecture, "--tables"); }
