// optim: trajectories of optimizers.
#include <regex>

#include <fmt/format.h>

#include "modules.hpp"
#include "record.hpp"

namespace oracle {

namespace {

// ---- problems: each gives the loss as a tensor on the tape, or sets gradients by hand (no loss) ----
Tensor quadratic(const Json& p, const std::vector<Tensor>& params) {
  const Tensor a = tensor_from(p.at("A")), b = tensor_from(p.at("b")), x = params.at(0);
  return 0.5 * xgrad::dot(x, xgrad::mv(a, x)) - xgrad::dot(b, x);
}

Tensor rosenbrock(const Tensor& x) {
  const std::int64_t n = x.size(0);
  const Tensor head = xgrad::slice(x, 0, 0, n - 1), tail = xgrad::slice(x, 0, 1, n);
  return xgrad::sum(100 * xgrad::square(tail - xgrad::square(head)) + xgrad::square(1 - head));
}

Tensor mlp(const Json& p, const std::vector<Tensor>& params) {
  const Tensor h = xgrad::tanh(xgrad::linear(tensor_from(p.at("X")), params.at(0), params.at(1)));
  return xgrad::mse_loss(xgrad::linear(h, params.at(2), params.at(3)), tensor_from(p.at("Y")));
}

class Problem {
 public:
  Problem(const Json& record, std::vector<Tensor>& params)
      : problem_(record.at("problem")), kind_(problem_.at("kind")), params_(params) {}

  // Gradients for step s (from 1); the loss before it, where there is one.
  std::optional<double> differentiate(std::int64_t s) {
    for (Tensor& p : params_) p.zero_grad();
    if (kind_ == "grads") {
      set_gradients(problem_.at("gradients").at(static_cast<std::size_t>(s - 1)));
      return std::nullopt;
    }
    const Tensor l = loss();
    l.backward();
    if (kind_ == "rosenbrock") xgrad::optim::clip_grad_norm_(params_, 1.0);
    return l.item();
  }

  // The loss, with its gradients as they are.
  Tensor evaluate() const {
    for (Tensor& p : params_) p.zero_grad();
    const Tensor l = loss();
    l.backward();
    return l;
  }

 private:
  Tensor loss() const {
    if (kind_ == "quadratic") return quadratic(problem_, params_);
    if (kind_ == "rosenbrock") return rosenbrock(params_.at(0));
    if (kind_ == "mlp") return mlp(problem_, params_);
    throw Unsupported("problem " + kind_);
  }
  // null: this parameter has no gradient in this step.
  void set_gradients(const Json& grads) {
    for (std::size_t i = 0; i < params_.size(); ++i)
      if (!grads.at(i).is_null()) params_[i].set_grad(tensor_from(grads[i], params_[i].shape(), params_[i].dtype()));
  }
  const Json& problem_;
  std::string kind_;
  std::vector<Tensor>& params_;
};

// The step of a param_groups record at which params[0] has no gradient: the records carry it in words.
std::int64_t step_without_gradient(const Json& record) {
  static const std::regex kNote(R"(at step (\d+) params\[0\] has no gradient)");
  const std::string note = record.value("note", "");
  std::smatch m;
  return std::regex_search(note, m, kNote) ? std::stoll(m[1]) : -1;
}

}  // namespace

void check_optim(const Json& record) {
  std::vector<Tensor> params;
  for (const Json& p : record.at("params0")) params.push_back(tensor_from(p).requires_grad_());
  std::vector<OptimizerGroup> groups;
  if (record.contains("groups"))
    for (std::size_t i = 0; i < params.size(); ++i) groups.push_back({{params[i]}, dict_from(record["groups"].at(i))});
  else
    groups.push_back({params, {}});
  const auto optimizer = make_optimizer(record.at("optimizer"), groups, dict_from(record.at("options")));

  Problem problem(record, params);
  const Tolerance tol = tolerance(record);
  const std::int64_t skipped = step_without_gradient(record);
  std::int64_t step = 0;
  for (const Json& point : record.at("trajectory")) {
    std::optional<double> loss;
    while (step < point.at("step").get<std::int64_t>()) {
      ++step;
      if (record["optimizer"] == "LBFGS") {
        loss = optimizer->step([&] { return problem.evaluate(); }).item();
        continue;
      }
      loss = problem.differentiate(step);
      if (step == skipped) params[0].zero_grad();
      optimizer->step();
    }
    if (point.contains("loss_before_step"))
      compare_number(loss.value(), number(point["loss_before_step"]), tol, fmt::format("loss at step {}", step));
    for (std::size_t i = 0; i < params.size(); ++i)
      compare_data(params[i], point.at("params").at(i), tol, fmt::format("params[{}] after step {}", i, step));
  }
}

}  // namespace oracle
