#include "functions.hpp"

#include <cmath>
#include <functional>
#include <map>
#include <numbers>

#include <xgrad/xgrad.hpp>

namespace gradbench {

using xgrad::kFloat64;
using xgrad::Tensor;
using Function = std::function<Tensor(const std::vector<Tensor>&)>;
using Numbers = std::vector<double>;

std::vector<double> numbers_of(const Json& value) {
  if (value.is_number()) return {value.get<double>()};
  Numbers all;
  for (const Json& part : value) {
    const Numbers more = numbers_of(part);
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

namespace {

Tensor tensor_of(const Json& value) {
  xgrad::Shape shape;
  for (const Json* level = &value; level->is_array(); level = &level->front()) {
    shape.push_back(static_cast<std::int64_t>(level->size()));
    if (level->empty()) break;
  }
  return xgrad::from_vector(numbers_of(value), shape);
}

std::vector<Tensor> tensors_of(const Json& input, const std::vector<const char*>& names) {
  std::vector<Tensor> all;
  for (const char* name : names) all.push_back(tensor_of(input.at(name)));
  return all;
}

// The gradients one behind the other.
Numbers gradient(const Function& f, std::vector<Tensor> at) {
  for (Tensor& x : at) x.requires_grad_();
  f(at).backward();
  Numbers all;
  for (const Tensor& x : at) {
    const Numbers more = x.grad().to_vector<double>();
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

// ---- Gaussian mixture ----

// log gamma_d(a)
double log_multigamma(double a, double d) {
  double sum = 0.25 * d * (d - 1) * std::log(std::numbers::pi);
  for (double j = 0; j < d; j += 1) sum += std::lgamma(a - 0.5 * j);
  return sum;
}

Function mixture(const Json& input) {
  const Tensor x = tensor_of(input.at("x"));
  const double m = input.at("m"), gamma = input.at("gamma");
  return [=](const std::vector<Tensor>& parameters) {
    const Tensor &alpha = parameters[0], &l = parameters[1], &mu = parameters[2], &q = parameters[3];
    const std::int64_t d = x.size(1), k = alpha.size(0), n = x.size(0);
    // Columns of a lower triangle are rows of an upper one.
    const Tensor places = xgrad::triu_indices(d, d, 1);
    const Tensor strict =
        xgrad::index_put(xgrad::zeros({k, d, d}, kFloat64), {xgrad::Slice(), places[1], places[0]}, l);
    const Tensor factor = diag_embed(exp(q)) + strict;
    const Tensor off = x.unsqueeze(1) - mu;  // (n, k, d)
    const Tensor lengths = square(matmul(factor, off.unsqueeze(-1))).sum({2, 3});
    const Tensor likely =
        logsumexp(alpha + q.sum(1) - 0.5 * lengths, {1}).sum() - static_cast<double>(n) * logsumexp(alpha, {0});
    const auto size = static_cast<double>(d);
    const double freedom = size + m + 1;
    const double constant =
        freedom * size * (std::log(gamma) - 0.5 * std::log(2.0)) - log_multigamma(0.5 * freedom, size);
    const Tensor prior = m * q.sum() - 0.5 * gamma * gamma * (exp(2 * q).sum() + square(l).sum());
    return likely + prior + static_cast<double>(k) * constant -
           0.5 * static_cast<double>(n) * size * std::log(2 * std::numbers::pi);
  };
}

// ---- the others ----

Tensor least_squares(const Tensor& x, std::int64_t n) {
  const Tensor t = xgrad::linspace(-1, 1, n, {kFloat64});
  const Tensor powers = xgrad::vander(t, x.size(0), true);
  return 0.5 * square(sign(t) - matmul(powers, x)).sum();
}

Tensor nearest(const Tensor& points, const Tensor& centroids) {
  return amin(square(points.unsqueeze(1) - centroids).sum(2), {1}).sum();
}

// The gradient over the diagonal of the Hessian, which has no other elements: their sum along each row.
Numbers newton_direction(const Json& input) {
  const Tensor points = tensor_of(input.at("points"));
  Tensor centroids = tensor_of(input.at("centroids")).requires_grad_();
  const Tensor slope = xgrad::grad({nearest(points, centroids)}, {centroids}, {}, {.create_graph = true})[0];
  const Tensor curvature = xgrad::grad({slope.sum()}, {centroids})[0];
  return (slope / curvature).detach().to_vector<double>();
}

Tensor lstm_loss(const Tensor& main, const Tensor& extra, const Tensor& state, const Tensor& sequence) {
  const std::int64_t layers = main.size(0) / 2, h = sequence.size(1), steps = sequence.size(0);
  std::vector<Tensor> hidden, cell;
  for (std::int64_t i = 0; i < layers; ++i) {
    hidden.push_back(state[2 * i]);
    cell.push_back(state[2 * i + 1]);
  }
  Tensor total = xgrad::tensor(0., {kFloat64});
  for (std::int64_t t = 0; t + 1 < steps; ++t) {
    Tensor x = sequence[t] * extra[0];
    for (std::int64_t i = 0; i < layers; ++i) {
      const auto layer = static_cast<std::size_t>(i);
      const auto w = xgrad::split(main[2 * i], h), b = xgrad::split(main[2 * i + 1], h);
      const Tensor forget = sigmoid(x * w[0] + b[0]), in = sigmoid(hidden[layer] * w[1] + b[1]),
                   out = sigmoid(x * w[2] + b[2]), change = tanh(hidden[layer] * w[3] + b[3]);
      cell[layer] = cell[layer] * forget + in * change;
      x = hidden[layer] = out * tanh(cell[layer]);
    }
    const Tensor y = x * extra[1] + extra[2];
    total = total + (sequence[t + 1] * (y - log(exp(y).sum() + 2))).sum();
  }
  return -total / static_cast<double>(h * (steps - 1));
}

Tensor runge_kutta(const Tensor& x, std::int64_t steps) {
  const double h = 2.0 / static_cast<double>(steps);
  const Tensor one = xgrad::ones({1}, kFloat64);
  const auto slope = [&](const Tensor& y) { return x * xgrad::cat({one, y.slice(0, 0, y.size(0) - 1)}); };
  Tensor y = xgrad::zeros_like(x);
  for (std::int64_t i = 0; i < steps; ++i) {
    const Tensor a = slope(y), b = slope(y + 0.5 * h * a), c = slope(y + 0.5 * h * b), d = slope(y + h * c);
    y = y + h / 6 * (a + 2 * b + 2 * c + d);
  }
  return y;
}

// Descends to where f, which is quadratic, is least. The steps are on the tape, so that the end depends on whatever f
// does.
Tensor argmin(const std::function<Tensor(const Tensor&)>& f, const Tensor& start) {
  Tensor x = start;
  for (int step = 0; step < 40; ++step) {
    if (!x.requires_grad()) x.requires_grad_();
    x = x - 0.25 * xgrad::grad({f(x)}, {x}, {}, {.create_graph = true})[0];
  }
  return x;
}

// min over x, y of the max over u, v of x^2 + y^2 - u^2 - v^2.
Numbers saddle_point(const Json& input) {
  const Tensor start = tensor_of(input.at("start"));
  const auto f = [](const Tensor& low, const Tensor& high) { return square(low).sum() - square(high).sum(); };
  const auto highest = [&](const Tensor& low) {
    return argmin([&](const Tensor& high) { return -f(low, high); }, start.clone());
  };
  const Tensor low = argmin([&](const Tensor& x) { return f(x, highest(x)); }, start.clone());
  return xgrad::cat({low, highest(low)}).detach().to_vector<double>();
}

Numbers values(const Tensor& t) { return t.detach().to_vector<double>(); }

using Compute = std::function<Numbers(const Json&)>;

Compute primal(const std::function<Function(const Json&)>& make, const std::vector<const char*>& names) {
  return [=](const Json& input) { return values(make(input)(tensors_of(input, names))); };
}
Compute derivative(const std::function<Function(const Json&)>& make, const std::vector<const char*>& names) {
  return [=](const Json& input) { return gradient(make(input), tensors_of(input, names)); };
}

const std::map<std::string, Compute>& functions() {
  static const auto determinant = [](const Json& input) -> Function {
    const std::int64_t n = input.at("ell");
    return [n](const std::vector<Tensor>& t) { return det(t[0].reshape({n, n})); };
  };
  static const auto squares = [](const Json& input) -> Function {
    const std::int64_t n = input.at("n");
    return [n](const std::vector<Tensor>& t) { return least_squares(t[0], n); };
  };
  static const auto log_sum = [](const Json&) -> Function {
    return [](const std::vector<Tensor>& t) { return logsumexp(t[0], {0}); };
  };
  static const auto cost = [](const Json&) -> Function {
    return [](const std::vector<Tensor>& t) { return nearest(t[0], t[1]); };
  };
  static const auto lstm = [](const Json& input) -> Function {
    const Tensor state = tensor_of(input.at("state")), sequence = tensor_of(input.at("sequence"));
    return [=](const std::vector<Tensor>& t) { return lstm_loss(t[0], t[1], state, sequence); };
  };
  static const auto ode = [](const Json& input) -> Function {
    const std::int64_t steps = input.at("s");
    return [steps](const std::vector<Tensor>& t) { return runge_kutta(t[0], steps); };
  };
  static const auto last_of_ode = [](const Json& input) -> Function {
    return [f = ode(input)](const std::vector<Tensor>& t) { return f(t)[-1]; };
  };
  static const std::vector<const char*> of_mixture = {"alpha", "l", "mu", "q"};
  static const std::map<std::string, Compute> all = {
      {"det primal", primal(determinant, {"A"})},
      {"det gradient", derivative(determinant, {"A"})},
      {"gmm objective", primal(mixture, of_mixture)},
      {"gmm jacobian", derivative(mixture, of_mixture)},
      {"kmeans cost", primal(cost, {"points", "centroids"})},
      {"kmeans dir", newton_direction},
      {"llsq primal", primal(squares, {"x"})},
      {"llsq gradient", derivative(squares, {"x"})},
      {"lse primal", primal(log_sum, {"x"})},
      {"lse gradient", derivative(log_sum, {"x"})},
      {"lstm objective", primal(lstm, {"main_params", "extra_params"})},
      {"lstm jacobian", derivative(lstm, {"main_params", "extra_params"})},
      {"ode primal", primal(ode, {"x"})},
      {"ode gradient", derivative(last_of_ode, {"x"})},
      {"saddle rr", saddle_point},
      {"saddle ff", saddle_point},
      {"saddle fr", saddle_point},
      {"saddle rf", saddle_point},
  };
  return all;
}

}  // namespace

std::optional<std::vector<double>> compute(const std::string& eval, const std::string& function, const Json& input) {
  const auto found = functions().find(eval + ' ' + function);
  if (found == functions().end()) return std::nullopt;
  return found->second(input);
}

}  // namespace gradbench
