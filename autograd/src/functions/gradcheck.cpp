// The Jacobian of every output by every input, once from backward passes (one row per output element, seeded with a
// unit vector) or forward mode (one column per input element) and once from central differences (likewise), compared
// element by element.
#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>
#include <xgrad/forward_ad.hpp>
#include <xgrad/gradcheck.hpp>
#include <xgrad/ops/arithmetic.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tensor_impl.hpp"
#include "functions/gradcheck_compare.hpp"
#include "kernels/random.hpp"

namespace xgrad {

using detail::Failure;
using detail::impl;
using detail::input_text;
using detail::Jacobian;
using detail::Jacobians;

namespace {

constexpr std::uint64_t kSeed = 0x67726164;  // of the random gradients; the global generator is left alone

struct Check {
  const char* op;
  const GradcheckFunction& f;
  const std::vector<Tensor>& inputs;
  GradcheckOptions options;
  Location at;
  std::vector<Tensor> checked;         // inputs that require grad
  std::vector<std::size_t> positions;  // and where they stand
  double* largest_error;               // so far
  void note_error(double analytical, double numerical) const {
    const double error = std::abs(analytical - numerical) / std::max(1.0, std::abs(numerical));
    *largest_error = std::max(*largest_error, error);
  }
  void note_errors(const Jacobian& analytical, const Jacobian& numerical) const {
    for (std::size_t i = 0; i < numerical.values.size(); ++i) note_error(analytical.values[i], numerical.values[i]);
  }
};

// ---- inputs and outputs ----
void check_inputs(Check& c) {
  if (!c.options.check_backward_ad && !c.options.check_forward_ad)
    ErrorReport(c.op, "check_backward_ad and check_forward_ad are both false: nothing to check", c.at).value_error();
  if (!(c.options.eps > 0))
    ErrorReport(c.op, fmt::format("eps must be positive, got {:g}", c.options.eps), c.at).value_error();
  for (std::size_t i = 0; i < c.inputs.size(); ++i) {
    const Tensor& x = c.inputs[i];
    if (!x.defined() || !x.requires_grad()) continue;
    if (x.dtype() != DType::float64)
      ErrorReport(c.op, fmt::format("{} is {}; finite differences need float64", input_text(x, i), name(x.dtype())),
                  c.at)
          .operand("input", x)
          .help(
              "make it with {.dtype = kFloat64}, and modules with net.to(kFloat64): in float32 the step is lost in "
              "rounding")
          .dtype_error();
    for (int d = 0; d < x.shape().rank() && x.numel() > 0; ++d)
      if (x.strides()[d] == 0 && x.shape()[d] > 1)
        ErrorReport(c.op,
                    fmt::format("{} is an expanded view: its elements share memory and cannot be varied one by one",
                                input_text(x, i)),
                    c.at)
            .operand("input", x)
            .help("pass x.clone(), or expand inside the function")
            .value_error();
    c.checked.push_back(x);
    c.positions.push_back(i);
  }
  if (c.checked.empty()) ErrorReport(c.op, "no input requires grad: nothing to check", c.at).value_error();
}

std::vector<Tensor> call(const Check& c, const std::vector<Tensor>& inputs) {
  std::vector<Tensor> out = c.f(inputs);
  for (std::size_t k = 0; k < out.size(); ++k) {
    if (!out[k].defined()) ErrorReport(c.op, fmt::format("output {} is undefined", k), c.at).value_error();
    if (is_floating(out[k].dtype()) && out[k].dtype() != DType::float64)
      ErrorReport(c.op, fmt::format("output {} is {}; finite differences need float64", k, name(out[k].dtype())), c.at)
          .operand("output", out[k])
          .help("the function casts its inputs somewhere")
          .dtype_error();
  }
  return out;
}

// Element j, in row-major order, of a tensor of any strides. Written behind the back of the version counter, since
// every change is undone before anything else happens.
double& element(const Tensor& x, std::int64_t j) {
  const detail::TensorImpl& t = impl(x);
  std::int64_t at = 0;
  for (int d = t.shape.rank() - 1; d >= 0; --d) {
    at += j % t.shape[d] * t.strides[d];
    j /= t.shape[d];
  }
  return t.ptr<double>()[at];
}

struct Nudge {
  double& place;
  double before;
  Nudge(const Tensor& x, std::int64_t j, double by) : place(element(x, j)), before(place) { place += by; }
  ~Nudge() { place = before; }
  Nudge(const Nudge&) = delete;
  Nudge& operator=(const Nudge&) = delete;
};

// ---- finite differences ----
using Values = std::vector<std::vector<double>>;  // of the floating outputs

Values values_of(const Check& c) {
  Values values;
  for (const Tensor& y : call(c, c.inputs))
    values.push_back(is_floating(y.dtype()) ? y.detach().to_vector<double>() : std::vector<double>());
  return values;
}
Values values_at(const Check& c, const Tensor& x, std::int64_t j, double by) {
  const Nudge nudge(x, j, by);
  return values_of(c);
}

void require_same_shapes(const Check& c, std::size_t i, std::size_t k, const Values& above, const Values& below,
                         std::int64_t elements) {
  if (k < above.size() && k < below.size() && static_cast<std::int64_t>(above[k].size()) == elements &&
      above[k].size() == below[k].size())
    return;
  ErrorReport(
      c.op,
      fmt::format("output {} changes its shape with the values of {}", k, input_text(c.checked[i], c.positions[i])),
      c.at)
      .value_error();
}

std::int64_t elements_of(const Tensor& y) { return is_floating(y.dtype()) ? y.numel() : 0; }

Jacobians empty_jacobians(const Check& c, const std::vector<Tensor>& outputs) {
  Jacobians result;
  for (const Tensor& y : outputs) {
    result.emplace_back();
    for (const Tensor& x : c.checked) result.back().emplace_back(elements_of(y), x.numel());
  }
  return result;
}

Jacobians numerical(const Check& c, const std::vector<Tensor>& outputs) {
  Jacobians result = empty_jacobians(c, outputs);
  const double eps = c.options.eps;
  for (std::size_t i = 0; i < c.checked.size(); ++i)
    for (std::int64_t j = 0; j < c.checked[i].numel(); ++j) {
      const Values above = values_at(c, c.checked[i], j, eps), below = values_at(c, c.checked[i], j, -eps);
      for (std::size_t k = 0; k < outputs.size(); ++k) {
        Jacobian& J = result[k][i];
        require_same_shapes(c, i, k, above, below, J.rows);
        for (std::int64_t r = 0; r < J.rows; ++r)
          J.at(r, j) = (above[k][static_cast<std::size_t>(r)] - below[k][static_cast<std::size_t>(r)]) / (2 * eps);
      }
    }
  return result;
}

// ---- backward passes ----
// Gradients of <seeds, outputs> by every checked input; zeros where nothing flows.
std::vector<std::vector<double>> pull_back(const Check& c, const std::vector<Tensor>& outputs,
                                           const std::vector<Tensor>& seeds) {
  const auto gradients = grad(outputs, c.checked, seeds, {.retain_graph = true, .allow_unused = true}, c.at);
  std::vector<std::vector<double>> result;
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    const Tensor& x = c.checked[i];
    if (!gradients[i].defined()) {
      result.emplace_back(static_cast<std::size_t>(x.numel()), 0.0);
      continue;
    }
    if (!(gradients[i].shape() == x.shape()) || gradients[i].dtype() != x.dtype())
      ErrorReport(c.op,
                  fmt::format("the gradient of {} does not have its shape and dtype", input_text(x, c.positions[i])),
                  c.at)
          .operand("input", x)
          .operand("gradient", gradients[i])
          .autograd_error();
    result.push_back(gradients[i].detach().to_vector<double>());
  }
  return result;
}

// Whether two passes agree, within nondet_tol.
bool same(const std::vector<double>& a, const std::vector<double>& b, double tolerance) {
  for (std::size_t i = 0; i < a.size(); ++i)
    if (!(std::abs(a[i] - b[i]) <= tolerance) && !(std::isnan(a[i]) && std::isnan(b[i])) && a[i] != b[i]) return false;
  return a.size() == b.size();
}

Failure failed(std::string rule) {
  Failure f;
  f.found = true;
  f.rule = std::move(rule);
  f.report.passed = false;
  return f;
}

// The outputs to start from for the derivatives of output k, and zeros for those beside it.
struct Roots {
  std::vector<Tensor> outputs, seeds;
  Tensor seed;  // of output k
};
Roots roots_of(const Check& c, const std::vector<Tensor>& outputs, std::size_t k) {
  Roots roots;
  for (std::size_t m = 0; m < outputs.size(); ++m) {
    if (m != k && (c.options.check_undefined_grad || !outputs[m].requires_grad())) continue;
    roots.outputs.push_back(outputs[m]);
    roots.seeds.push_back(detail::zeros_raw(outputs[m].shape(), DType::float64));
    if (m == k) roots.seed = roots.seeds.back();
  }
  return roots;
}

Failure not_deterministic(const Check& c, std::size_t k, std::size_t i) {
  Failure f = failed(fmt::format(
      "backward is not deterministic (not reentrant): two passes from output {} give different gradients of {}", k,
      input_text(c.checked[i], c.positions[i])));
  f.lines = {{"nondet_tol", fmt::format("{:g}", c.options.nondet_tol)}};
  return f;
}

std::vector<Jacobian> analytical(const Check& c, const std::vector<Tensor>& outputs, std::size_t k, Failure& failure) {
  const Tensor& y = outputs[k];
  std::vector<Jacobian> result;
  for (const Tensor& x : c.checked) result.emplace_back(y.numel(), x.numel());
  if (!y.requires_grad()) return result;  // zeros: the numerical one must agree
  const Roots roots = roots_of(c, outputs, k);
  for (std::int64_t r = 0; r < y.numel(); ++r) {
    Tensor seed = roots.seed;
    detail::fill_raw(seed, Scalar(0.0));
    detail::data<double>(seed)[r] = 1;
    const auto row = pull_back(c, roots.outputs, roots.seeds), again = pull_back(c, roots.outputs, roots.seeds);
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (!same(row[i], again[i], c.options.nondet_tol) && !failure.found) failure = not_deterministic(c, k, i);
      for (std::int64_t j = 0; j < result[i].cols; ++j) result[i].at(r, j) = row[i][static_cast<std::size_t>(j)];
    }
  }
  return result;
}

// ---- forward mode ----
// Tangents of the outputs for a direction of one input; zeros where there are none.
Values push_forward(const Check& c, std::size_t i, const Tensor& direction) {
  const forward_ad::DualLevel level;
  std::vector<Tensor> inputs = c.inputs;
  inputs[c.positions[i]] = forward_ad::make_dual(c.checked[i], direction, c.at);
  Values result;
  for (const Tensor& y : call(c, inputs)) {
    const Tensor t = forward_ad::unpack_dual(y, c.at).tangent;
    result.push_back(t.defined() ? t.detach().to_vector<double>()
                                 : std::vector<double>(static_cast<std::size_t>(elements_of(y)), 0.0));
  }
  return result;
}

Jacobians by_forward_mode(const Check& c, const std::vector<Tensor>& outputs) {
  Jacobians result = empty_jacobians(c, outputs);
  for (std::size_t i = 0; i < c.checked.size(); ++i)
    for (std::int64_t j = 0; j < c.checked[i].numel(); ++j) {
      const Tensor direction = detail::zeros_raw(c.checked[i].shape(), DType::float64);
      detail::data<double>(direction)[j] = 1;
      const Values column = push_forward(c, i, direction);
      for (std::size_t k = 0; k < outputs.size(); ++k) {
        require_same_shapes(c, i, k, column, column, result[k][i].rows);
        for (std::int64_t r = 0; r < result[k][i].rows; ++r)
          result[k][i].at(r, j) = column[k][static_cast<std::size_t>(r)];
      }
    }
  return result;
}

// ---- element by element ----
Failure compare(const Check& c, const char* what, const Tensor& y, std::size_t k, std::size_t i, const Jacobian& a,
                const Jacobian& n) {
  const auto value = [&](std::int64_t r, std::int64_t j, double by) {
    const Values v = values_at(c, c.checked[i], j, by);
    return k < v.size() && static_cast<std::size_t>(r) < v[k].size() ? v[k][static_cast<std::size_t>(r)] : NAN;
  };
  return detail::compare_jacobians(
      {what, y, k, c.checked[i], c.positions[i], a, n, c.options.atol, c.options.rtol, c.options.eps, value});
}

Tensor random_like(const Tensor& y, Generator& generator) {
  Tensor v = detail::make_tensor(y.shape(), DType::float64);
  detail::fill_normal(generator, detail::data<double>(v), v.numel(), 0, 1);
  return v;
}

// One pass from all outputs together, with dense seeds, against the rows found one by one: an operation of several
// outputs gets some gradients undefined there and all defined here.
Failure check_together(const Check& c, const std::vector<Tensor>& outputs, Jacobians& rows) {
  std::vector<Tensor> roots, seeds;
  std::vector<std::vector<double>> expected, size;
  for (const Tensor& x : c.checked) {
    expected.emplace_back(static_cast<std::size_t>(x.numel()), 0.0);
    size.emplace_back(static_cast<std::size_t>(x.numel()), 0.0);
  }
  Generator generator(kSeed);
  for (std::size_t k = 0; k < outputs.size(); ++k) {
    if (!outputs[k].requires_grad()) continue;
    roots.push_back(outputs[k]);
    seeds.push_back(random_like(outputs[k], generator));
    const double* v = detail::data<double>(seeds.back());
    for (std::size_t i = 0; i < c.checked.size(); ++i)
      for (std::int64_t r = 0; r < rows[k][i].rows; ++r)
        for (std::int64_t j = 0; j < rows[k][i].cols; ++j) {
          const double term = v[r] * rows[k][i].at(r, j);
          expected[i][static_cast<std::size_t>(j)] += term;
          size[i][static_cast<std::size_t>(j)] += std::abs(term);
        }
  }
  if (roots.empty()) return {};
  const auto got = pull_back(c, roots, seeds);
  for (std::size_t i = 0; i < got.size(); ++i)
    for (std::size_t j = 0; j < got[i].size(); ++j)
      if (!(std::abs(got[i][j] - expected[i][j]) <= c.options.atol + c.options.rtol * size[i][j]))
        return failed(fmt::format(
            "backward is not linear in its gradient: {}, element {} gets {:.10g} from a pass over all outputs, but "
            "{:.10g} from passes over single output elements",
            input_text(c.checked[i], c.positions[i]),
            to_string(detail::index_of(c.checked[i].shape(), static_cast<std::int64_t>(j))), got[i][j],
            expected[i][j]));
  return {};
}

Failure compare_all(const Check& c, const std::vector<Tensor>& outputs) {
  const Jacobians n = numerical(c, outputs);
  const Jacobians tangents = c.options.check_forward_ad ? by_forward_mode(c, outputs) : Jacobians();
  Jacobians gradients;
  for (std::size_t k = 0; k < outputs.size(); ++k) {
    Failure failure;
    gradients.emplace_back();
    if (!is_floating(outputs[k].dtype())) continue;
    if (c.options.check_backward_ad) gradients[k] = analytical(c, outputs, k, failure);
    for (std::size_t i = 0; i < c.checked.size() && !failure.found; ++i) {
      if (c.options.check_backward_ad) c.note_errors(gradients[k][i], n[k][i]);
      if (c.options.check_forward_ad) c.note_errors(tangents[k][i], n[k][i]);
      if (c.options.check_backward_ad) failure = compare(c, "gradient", outputs[k], k, i, gradients[k][i], n[k][i]);
      if (c.options.check_forward_ad && !failure.found)
        failure = compare(c, "tangent of forward mode", outputs[k], k, i, tangents[k][i], n[k][i]);
    }
    if (failure.found) return failure;
  }
  return c.options.check_backward_ad ? check_together(c, outputs, gradients) : Failure();
}

// ---- fast mode: u' J v for random vectors of length 1 with positive elements ----
Tensor random_direction(const Tensor& like, Generator& generator) {
  Tensor v = detail::make_tensor(like.shape(), DType::float64);
  double* p = detail::data<double>(v);
  detail::fill_uniform(generator, p, v.numel(), 0.5, 1.5);  // none so small that its element does not count
  double squares = 0;
  for (std::int64_t i = 0; i < v.numel(); ++i) squares += p[i] * p[i];
  for (std::int64_t i = 0; i < v.numel() && squares > 0; ++i) p[i] /= std::sqrt(squares);
  return v;
}

// x moved along a direction.
class NudgeAlong {
 public:
  NudgeAlong(const Tensor& x, const Tensor& direction, double by) : x_(x), before_(x.detach().to_vector<double>()) {
    for (std::int64_t j = 0; j < x.numel(); ++j) element(x, j) += by * detail::data<double>(direction)[j];
  }
  ~NudgeAlong() {
    for (std::size_t j = 0; j < before_.size(); ++j) element(x_, static_cast<std::int64_t>(j)) = before_[j];
  }
  NudgeAlong(const NudgeAlong&) = delete;
  NudgeAlong& operator=(const NudgeAlong&) = delete;

 private:
  const Tensor& x_;
  std::vector<double> before_;
};

Values values_along(const Check& c, const Tensor& x, const Tensor& direction, double by) {
  const NudgeAlong nudge(x, direction, by);
  return values_of(c);
}

double product(const std::vector<double>& values, const Tensor& u) {
  double sum = 0;
  const double* p = detail::data<double>(u);
  for (std::size_t i = 0; i < values.size(); ++i) sum += values[i] * p[i];
  return sum;
}
double total(const Tensor& v) {
  const double* p = detail::data<double>(v);
  double sum = 0;
  for (std::int64_t i = 0; i < v.numel(); ++i) sum += p[i];
  return sum;
}

// Numbers that differ; the tolerance is what elements that differ by theirs may add up to.
bool differ(const Check& c, double a, double n, double weight) {
  if (weight > 0) c.note_error(a / weight, n / weight);
  return !(std::abs(a - n) <= c.options.atol * weight + c.options.rtol * std::abs(n));
}

// What the projections u' J v say of output k by input i: "gradient", "tangent", or null.
class Projections {
 public:
  Projections(const Check& c, const std::vector<Tensor>& outputs) : c_(c), outputs_(outputs) {
    Generator generator(kSeed);
    for (const Tensor& y : outputs) u_.push_back(is_floating(y.dtype()) ? random_direction(y, generator) : Tensor());
    for (const Tensor& x : c.checked) v_.push_back(random_direction(x, generator));
  }
  Failure find() {
    std::vector<Values> rows;  // u' J
    for (std::size_t k = 0; k < outputs_.size(); ++k) {
      Failure failure;
      rows.push_back(row(k, failure));
      if (failure.found) return failure;
    }
    for (std::size_t i = 0; i < c_.checked.size(); ++i) {
      const double eps = c_.options.eps;
      const Values above = values_along(c_, c_.checked[i], v_[i], eps),
                   below = values_along(c_, c_.checked[i], v_[i], -eps);
      const Values tangents = c_.options.check_forward_ad ? push_forward(c_, i, v_[i]) : Values();
      for (std::size_t k = 0; k < outputs_.size(); ++k) {
        if (!u_[k].defined()) continue;
        require_same_shapes(c_, i, k, above, below, outputs_[k].numel());
        const double n = (product(above[k], u_[k]) - product(below[k], u_[k])) / (2 * eps);
        const double weight = total(u_[k]) * total(v_[i]);
        if (c_.options.check_backward_ad)
          if (const double a = product(rows[k][i], v_[i]); differ(c_, a, n, weight))
            return explained("gradient", k, i, a, n);
        if (c_.options.check_forward_ad)
          if (const double a = product(tangents[k], u_[k]); differ(c_, a, n, weight))
            return explained("tangent of forward mode", k, i, a, n);
      }
    }
    return {};
  }

 private:
  Values row(std::size_t k, Failure& failure) const {
    Values zeros;
    for (const Tensor& x : c_.checked) zeros.emplace_back(static_cast<std::size_t>(x.numel()), 0.0);
    if (!c_.options.check_backward_ad || !u_[k].defined() || !outputs_[k].requires_grad()) return zeros;
    Roots roots = roots_of(c_, outputs_, k);
    detail::copy_raw(roots.seed, u_[k]);
    const Values once = pull_back(c_, roots.outputs, roots.seeds), again = pull_back(c_, roots.outputs, roots.seeds);
    for (std::size_t i = 0; i < once.size() && !failure.found; ++i)
      if (!same(once[i], again[i], c_.options.nondet_tol)) failure = not_deterministic(c_, k, i);
    return once;
  }
  // The element that is wrong, found the slow way.
  Failure explained(const char* what, std::size_t k, std::size_t i, double a, double n) const {
    if (Failure slow = compare_all(c_, outputs_); slow.found) return slow;
    Failure f =
        failed(fmt::format("output {} by {}: the {} is wrong in a random direction: numerical {:.10g}, analytical "
                           "{:.10g}, though no element differs by more than the tolerances",
                           k, input_text(c_.checked[i], c_.positions[i]), what, n, a));
    f.help = "many small differences add up: compare with a smaller atol, or use fast_mode = false";
    f.report.output = k;
    f.report.input = c_.positions[i];
    f.report.numerical = n;
    f.report.analytical = a;
    return f;
  }

  const Check& c_;
  const std::vector<Tensor>& outputs_;
  std::vector<Tensor> u_, v_;
};

bool run(const char* op, const GradcheckFunction& f, const std::vector<Tensor>& inputs, GradcheckOptions options,
         const Location& at) {
  double largest_error = 0;
  Check c{op, f, inputs, options, at, {}, {}, &largest_error};
  check_inputs(c);
  const GradModeGuard on(true);
  const std::vector<Tensor> outputs = call(c, inputs);
  Failure failure = options.fast_mode ? Projections(c, outputs).find() : compare_all(c, outputs);
  failure.report.largest_error = largest_error;
  if (options.report) *options.report = {.largest_error = largest_error};
  if (!failure.found) return true;
  ErrorReport report(op, failure.rule, at);
  for (const auto& [role, text] : failure.lines) report.line(role, text);
  if (!failure.help.empty()) report.help(failure.help);
  try {
    report.autograd_error();
  } catch (const AutogradError& e) {
    failure.report.message = e.what();
    if (options.report) *options.report = std::move(failure.report);
    if (options.raise_exception) throw;
  }
  return false;
}

GradcheckFunction one_output(const std::function<Tensor(const std::vector<Tensor>&)>& f) {
  return [&f](const std::vector<Tensor>& x) { return std::vector<Tensor>{f(x)}; };
}

}  // namespace

bool gradcheck(const GradcheckFunction& f, const OneOrMore& inputs, GradcheckOptions options, Location at) {
  return run("gradcheck", f, inputs.parts(), options, at);
}

bool gradcheck(const std::function<Tensor(const std::vector<Tensor>&)>& f, const OneOrMore& inputs,
               GradcheckOptions options, Location at) {
  return run("gradcheck", one_output(f), inputs.parts(), options, at);
}

bool gradgradcheck(const GradcheckFunction& f, const OneOrMore& given, GradcheckOptions options, Location at) {
  const GradModeGuard on(true);
  const std::vector<Tensor>& inputs = given.parts();
  std::vector<Tensor> all = inputs;
  Generator generator(kSeed);
  bool any = false;
  for (const Tensor& y : f(inputs)) {
    if (!y.requires_grad()) continue;
    any = true;
    all.push_back(random_like(y, generator).requires_grad_());
  }
  if (!any) ErrorReport("gradgradcheck", "no output requires grad: nothing to differentiate", at).value_error();
  const std::size_t count = inputs.size();
  // The gradients of f as a function of its inputs and of the gradients that arrive at its outputs.
  const GradcheckFunction gradient = [&f, count, at](const std::vector<Tensor>& v) {
    const std::vector<Tensor> x(v.begin(), v.begin() + static_cast<std::ptrdiff_t>(count));
    const std::vector<Tensor> seeds(v.begin() + static_cast<std::ptrdiff_t>(count), v.end());
    std::vector<Tensor> roots, wanted;
    for (const Tensor& y : f(x))
      if (y.requires_grad()) roots.push_back(y);
    for (const Tensor& t : x)
      if (t.defined() && t.requires_grad()) wanted.push_back(t);
    std::vector<Tensor> g = grad(roots, wanted, seeds, {.create_graph = true, .allow_unused = true}, at);
    for (std::size_t i = 0; i < g.size(); ++i)
      if (!g[i].defined()) g[i] = detail::zeros_raw(wanted[i].shape(), wanted[i].dtype());
    return g;
  };
  return run("gradgradcheck", gradient, all, options, at);
}

bool gradgradcheck(const std::function<Tensor(const std::vector<Tensor>&)>& f, const OneOrMore& inputs,
                   GradcheckOptions options, Location at) {
  return gradgradcheck(one_output(f), inputs, options, at);
}

}  // namespace xgrad
