// e2e: whole trainings, convex problems to their optimum.
#include <cmath>
#include <regex>

#include <fmt/format.h>

#include "language.hpp"
#include "modules.hpp"
#include "record.hpp"

namespace oracle {

namespace {

namespace nn = xgrad::nn;

// A layer of an architecture: an optional name, the class, its arguments, and remarks that follow them.
struct LayerText {
  std::string name, type, arguments;
};

LayerText read_layer(const std::string& text) {
  static const std::regex kHead(R"(^(?:([\w.]+) )?([A-Z]\w*))");
  std::smatch m;
  if (!std::regex_search(text, m, kHead)) throw Unsupported("layer " + text);
  LayerText layer{m[1], m[2], {}};
  const std::string rest = m.suffix();
  if (!rest.starts_with('(')) return layer;
  std::size_t end = 0;
  for (int depth = 0; end < rest.size(); ++end)
    if (rest[end] == '(')
      ++depth;
    else if (rest[end] == ')' && --depth == 0)
      break;
  layer.arguments = rest.substr(1, end - 1);
  return layer;
}

// "0 Linear(3,8)", "fc Linear(16,3)", "ReLU": a network of modules under their names.
struct Network : nn::Module {
  std::vector<AnyModule> layers;

  explicit Network(const Json& architecture) {
    bool batch_first = false;
    for (const Json& j : architecture) {
      if (j == "mean over sequence") {
        layers.push_back(
            {nn::Module(), [dim = batch_first ? 1 : 0](const Tensor& x) { return xgrad::mean(x, {dim}); }});
        continue;
      }
      const LayerText text = read_layer(j);
      batch_first |= text.arguments.find("batch_first") != std::string::npos;
      if (!is_module(text.type)) throw Unsupported("no module " + text.type);
      Interpreter language;
      const auto [args, named] = language.arguments(text.arguments);
      auto layer = make_module(text.type, args, named);
      if (!text.name.empty()) register_module(text.name, layer->module);
      layers.push_back(*layer);
    }
  }
  Tensor forward(Tensor x) const {
    for (const AnyModule& l : layers) x = l.forward(x);
    return x;
  }
};

// Which rows step s (from 0) uses: all of them, or "step s uses rows 3*(s%3) .. +3".
struct Batches {
  std::int64_t stride = 0, period = 1, count = 0;
  explicit Batches(const std::string& text) {
    static const std::regex kRule(R"(step s uses rows (\d+)\*\(s%(\d+)\) \.\. \+(\d+))");
    std::smatch m;
    if (!std::regex_search(text, m, kRule)) return;
    stride = std::stoll(m[1]), period = std::stoll(m[2]), count = std::stoll(m[3]);
  }
  Tensor take(const Tensor& t, std::int64_t s) const {
    return count ? xgrad::narrow(t, 0, stride * (s % period), count) : t;
  }
};

Tensor loss_of(const std::string& text, const Tensor& y, const Tensor& target) {
  if (text.starts_with("mse mean")) return xgrad::mse_loss(y, target);
  if (text.starts_with("cross entropy mean"))  // over all leading dimensions
    return xgrad::cross_entropy(xgrad::reshape(y, {-1, y.size(-1)}), xgrad::flatten(target));
  if (text.starts_with("l1 mean")) return xgrad::l1_loss(y, target);
  if (text.starts_with("nll mean")) return xgrad::nll_loss(y, target);
  if (text.find("with logits") != std::string::npos) return xgrad::binary_cross_entropy_with_logits(y, target);
  if (text.starts_with("BCE mean")) return xgrad::binary_cross_entropy(y, target);
  throw Unsupported("loss " + text);
}

double gradient_norm(const std::vector<Tensor>& params) {
  double square = 0;
  for (const Tensor& p : params)
    for (const double g : p.grad().to_vector<double>()) square += g * g;
  return std::sqrt(square);
}

void check_training(const Json& r, Tolerance tol) {
  Network net(r.at("architecture"));
  xgrad::NamedTensors start;
  for (const auto& [name, t] : r.at("params0").items()) start.emplace_back(name, tensor_from(t));
  set_parameters(net, start);
  const Tensor x = tensor_from(r.at("inputs").at("x")),
               y = r["inputs"].contains("y") ? tensor_from(r["inputs"]["y"]) : x;
  const std::string loss_text = r.at("loss");
  const Batches batches(loss_text);
  const auto optimizer = make_optimizer(r.at("optimizer"), {{net.parameters(), {}}}, dict_from(r.at("options")));
  for (std::int64_t s = 0; s < r.at("steps").get<std::int64_t>(); ++s) {
    optimizer->zero_grad();
    const Tensor loss = loss_of(loss_text, net.forward(batches.take(x, s)), batches.take(y, s));
    loss.backward();
    const auto i = static_cast<std::size_t>(s);
    compare_number(loss.item(), number(r.at("losses").at(i)), tol, fmt::format("loss of step {}", s));
    if (r.contains("grad_norms"))
      compare_number(gradient_norm(net.parameters()), number(r["grad_norms"].at(i)), tol,
                     fmt::format("gradient norm of step {}", s));
    optimizer->step();
  }
  for (const auto& [name, t] : net.named_parameters()) compare_data(t, r.at("params").at(name), tol, name);
  if (r.contains("buffers"))
    for (const auto& [name, t] : net.named_buffers()) compare_tensor(t, r["buffers"].at(name), tol, name);
}

// Objective of a linear model with an L2 term on all parameters; `curvature` bounds its second derivative in the
// scores.
struct Convex {
  std::vector<Tensor> params;
  std::function<Tensor()> objective;
  double curvature;
};

Tensor l2(const std::vector<Tensor>& params, double lambda) {
  Tensor s = xgrad::zeros({}, {.dtype = xgrad::kFloat64});
  for (const Tensor& p : params) s = s + xgrad::sum(xgrad::square(p));
  return 0.5 * lambda * s;
}

Convex softmax_regression(const Json& r, const Tensor& x, double lambda) {
  const auto classes = r.at("classes").get<std::int64_t>();
  const xgrad::TensorOptions o{.dtype = xgrad::kFloat64, .requires_grad = true};
  const std::vector<Tensor> p = {xgrad::zeros({classes, x.size(1)}, o), xgrad::zeros({classes}, o)};
  const Tensor y = xgrad::from_vector(r.at("y").get<std::vector<std::int64_t>>());
  return {p, [=] { return xgrad::cross_entropy(xgrad::linear(x, p[0], p[1]), y) + l2(p, lambda); }, 0.5};
}

Convex ridge(const Json& r, const Tensor& x, double lambda) {
  const xgrad::TensorOptions o{.dtype = xgrad::kFloat64, .requires_grad = true};
  const std::vector<Tensor> p = {xgrad::zeros({x.size(1)}, o), xgrad::zeros({}, o)};
  const Tensor y = xgrad::from_vector(numbers(r.at("y")));
  return {p, [=] { return 0.5 * xgrad::mse_loss(xgrad::mv(x, p[0]) + p[1], y) + l2(p, lambda); }, 1.0};
}

// Accelerated gradient descent with the textbook step and momentum for curvatures in [lambda, L].
void minimise(const Convex& c, const Tensor& x, double lambda) {
  const double trace = xgrad::sum(xgrad::square(x)).item() / static_cast<double>(x.size(0)) + 1;
  const double bound = c.curvature * trace + lambda, root = std::sqrt(bound / lambda);
  xgrad::optim::SGD sgd(c.params, {.lr = 1 / bound, .momentum = (root - 1) / (root + 1), .nesterov = true});
  for (int i = 0; i < 20000; ++i) {
    sgd.zero_grad();
    c.objective().backward();
    if (gradient_norm(c.params) < 1e-11) return;
    sgd.step();
  }
}

void check_convex(const Json& r, Tolerance) {
  const Tensor x = tensor_from(r.at("X"));
  const double lambda = number(r.at("lambda"));
  const std::string objective = r.at("objective");
  const bool softmax = objective.find("softmax cross entropy") != std::string::npos;
  if (!softmax && !objective.starts_with("0.5*mean((X w + c - y)^2)")) throw Unsupported("objective " + objective);
  const Convex c = softmax ? softmax_regression(r, x, lambda) : ridge(r, x, lambda);
  minimise(c, x, lambda);
  static const std::regex kCheck(R"(objective within ([\d.e-]+).*weights? within ([\d.e-]+))");
  std::smatch m;
  const std::string check = r.at("check");
  if (!std::regex_search(check, m, kCheck)) throw Unsupported("check " + check);
  compare_number(c.objective().item(), number(r.at("optimum")), {0, std::stod(m[1])}, "objective");
  const Tolerance weights{0, std::stod(m[2])};
  compare_data(c.params[0], r.at(softmax ? "W" : "w"), weights, "weights");
  compare_data(c.params[1], softmax ? r.at("b") : Json::array({r.at("c")}), weights, "bias");
  if (r.contains("accuracy") && softmax) {
    const Tensor y = xgrad::from_vector(r.at("y").get<std::vector<std::int64_t>>());
    const double accuracy = xgrad::train::accuracy(xgrad::linear(x, c.params[0], c.params[1]), y);
    compare_number(accuracy, number(r["accuracy"]), {1e-9, 0}, "accuracy");
  }
}

// A function of x and y, in as many evaluations as the record allows.
void check_minimize(const Json& r) {
  static const std::regex kCheck(R"(LBFGS with strong Wolfe .* to ([\d.e-]+) and minimum to ([\d.e-]+) in <= (\d+))");
  const std::string check = r.at("check"),
                    f = std::regex_replace(r.at("f").get<std::string>(), std::regex("xy"), "x y");
  std::smatch m;
  if (!std::regex_search(check, m, kCheck)) throw Unsupported("check " + check);
  std::vector<Tensor> params;
  for (const Json& x : r.at("x0")) params.push_back(xgrad::full({}, number(x), {xgrad::kFloat64, true}));
  int evaluations = 0;
  const auto closure = [&] {
    ++evaluations;
    Interpreter language;
    language.set("x", params.at(0));
    language.set("y", params.at(1));
    for (Tensor& p : params) p.zero_grad();
    const Tensor l = language.evaluate(f).tensor();
    l.backward();
    return l;
  };
  xgrad::optim::LBFGS lbfgs(params, {.max_iter = 20,
                                     .tolerance_grad = 1e-10,
                                     .tolerance_change = 1e-14,
                                     .line_search_fn = xgrad::optim::LineSearch::strong_wolfe});
  double loss = 0;
  for (int before = -1; before != evaluations && evaluations < std::stoi(m[3]) - 30;) {
    before = evaluations + 1;  // a step that only looks has converged
    loss = lbfgs.step(closure).item();
  }
  expect(evaluations <= std::stoi(m[3]), fmt::format("{} evaluations", evaluations));
  compare_number(loss, number(r.at("minimum")), {0, std::stod(m[2])}, "minimum");
  for (std::size_t i = 0; i < params.size(); ++i)
    compare_number(params[i].item(), number(r.at("minimizer").at(i)), {0, std::stod(m[1])},
                   fmt::format("minimizer[{}]", i));
}

}  // namespace

void check_e2e(const Json& record) {
  const std::string kind = record.at("kind");
  if (kind == "training") return check_training(record, tolerance(record, 1e-8, 1e-9));
  if (kind == "convex_optimum") return check_convex(record, {});
  if (kind == "minimize") return check_minimize(record);
  throw Unsupported("kind " + kind);
}

}  // namespace oracle
