// The Jacobian of every output by every input, once from backward passes (one row per output element, seeded with a
// unit vector) and once from central differences (one column per input element), compared element by element.
#include <cmath>
#include <cstring>
#include <limits>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>
#include <xgrad/gradcheck.hpp>
#include <xgrad/ops/arithmetic.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tensor_impl.hpp"
#include "kernels/random.hpp"

namespace xgrad {

using detail::impl;

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
};

// Row-major, output elements by input elements.
struct Jacobian {
  std::int64_t rows = 0, cols = 0;
  std::vector<double> values;
  Jacobian(std::int64_t r, std::int64_t c) : rows(r), cols(c), values(static_cast<std::size_t>(r * c)) {}
  double& at(std::int64_t r, std::int64_t c) { return values[static_cast<std::size_t>(r * cols + c)]; }
};

// ---- inputs and outputs ----
void check_inputs(Check& c) {
  for (std::size_t i = 0; i < c.inputs.size(); ++i) {
    const Tensor& x = c.inputs[i];
    if (!x.defined() || !x.requires_grad()) continue;
    if (x.dtype() != DType::float64)
      ErrorReport(c.op, fmt::format("input {} is {}; finite differences need float64", i, name(x.dtype())), c.at)
          .operand("input", x)
          .dtype_error();
    for (int d = 0; d < x.shape().rank() && x.numel() > 0; ++d)
      if (x.strides()[d] == 0 && x.shape()[d] > 1)
        ErrorReport(
            c.op,
            fmt::format("input {} is an expanded view: its elements share memory and cannot be varied one by one", i),
            c.at)
            .operand("input", x)
            .help("pass x.clone(), or expand inside the function")
            .value_error();
    c.checked.push_back(x);
    c.positions.push_back(i);
  }
  if (c.checked.empty()) ErrorReport(c.op, "no input requires grad: nothing to check", c.at).value_error();
}

std::vector<Tensor> call(const Check& c) {
  std::vector<Tensor> out = c.f(c.inputs);
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

// ---- the two Jacobians ----
std::vector<std::vector<double>> values_at(const Check& c, const Tensor& x, std::int64_t j, double by) {
  const Nudge nudge(x, j, by);
  std::vector<std::vector<double>> values;
  for (const Tensor& y : call(c))
    values.push_back(is_floating(y.dtype()) ? y.detach().to_vector<double>() : std::vector<double>());
  return values;
}

// [output][input]
std::vector<std::vector<Jacobian>> numerical(const Check& c, const std::vector<Tensor>& outputs) {
  std::vector<std::vector<Jacobian>> result;
  for (const Tensor& y : outputs) {
    result.emplace_back();
    for (const Tensor& x : c.checked) result.back().emplace_back(is_floating(y.dtype()) ? y.numel() : 0, x.numel());
  }
  const double eps = c.options.eps;
  for (std::size_t i = 0; i < c.checked.size(); ++i)
    for (std::int64_t j = 0; j < c.checked[i].numel(); ++j) {
      const auto above = values_at(c, c.checked[i], j, eps), below = values_at(c, c.checked[i], j, -eps);
      for (std::size_t k = 0; k < outputs.size(); ++k) {
        Jacobian& J = result[k][i];
        if (k >= above.size() || static_cast<std::int64_t>(above[k].size()) != J.rows ||
            above[k].size() != below[k].size())
          ErrorReport(c.op, fmt::format("output {} changes its shape with the values of input {}", k, c.positions[i]),
                      c.at)
              .value_error();
        for (std::int64_t r = 0; r < J.rows; ++r)
          J.at(r, j) = (above[k][static_cast<std::size_t>(r)] - below[k][static_cast<std::size_t>(r)]) / (2 * eps);
      }
    }
  return result;
}

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
      ErrorReport(c.op, fmt::format("the gradient of input {} does not have its shape and dtype", c.positions[i]), c.at)
          .operand("input", x)
          .operand("gradient", gradients[i])
          .autograd_error();
    result.push_back(gradients[i].detach().to_vector<double>());
  }
  return result;
}

bool same_bits(const std::vector<double>& a, const std::vector<double>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0);
}

struct Failure {
  bool found = false;
  std::string rule;
  std::vector<std::pair<std::string, std::string>> lines;
};

std::vector<Jacobian> analytical(const Check& c, const Tensor& y, std::size_t k, Failure& failure) {
  std::vector<Jacobian> result;
  for (const Tensor& x : c.checked) result.emplace_back(y.numel(), x.numel());
  if (!y.requires_grad()) return result;  // zeros: the numerical one must agree
  Tensor seed = detail::make_tensor(y.shape(), DType::float64);
  for (std::int64_t r = 0; r < y.numel(); ++r) {
    detail::fill_raw(seed, Scalar(0.0));
    detail::data<double>(seed)[r] = 1;
    const auto row = pull_back(c, {y}, {seed}), again = pull_back(c, {y}, {seed});
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (!same_bits(row[i], again[i]) && !failure.found)
        failure = {
            true,
            fmt::format("backward is not reentrant: two passes from output {} give different gradients of input {}", k,
                        c.positions[i]),
            {}};
      for (std::int64_t j = 0; j < result[i].cols; ++j) result[i].at(r, j) = row[i][static_cast<std::size_t>(j)];
    }
  }
  return result;
}

// ---- comparison ----
std::string element_name(const Shape& shape, std::int64_t flat) {
  Shape index = shape;
  for (int d = shape.rank() - 1; d >= 0; --d) {
    index[d] = flat % shape[d];
    flat /= shape[d];
  }
  return to_string(index);
}

bool close(double a, double n, const GradcheckOptions& o) { return std::abs(a - n) <= o.atol + o.rtol * std::abs(n); }

// The worst element where the two differ.
Failure compare(const Check& c, const Tensor& y, std::size_t k, std::size_t i, Jacobian& a, Jacobian& n) {
  std::int64_t wrong = 0, row = 0, col = 0;
  double worst = -1;
  for (std::int64_t r = 0; r < n.rows; ++r)
    for (std::int64_t j = 0; j < n.cols; ++j) {
      if (close(a.at(r, j), n.at(r, j), c.options)) continue;
      ++wrong;
      const double d = std::abs(a.at(r, j) - n.at(r, j)),
                   rank = std::isnan(d) ? std::numeric_limits<double>::infinity() : d;
      if (rank <= worst) continue;
      worst = rank;
      row = r;
      col = j;
    }
  if (wrong == 0) return {};
  const Tensor& x = c.checked[i];
  return {true,
          fmt::format("output {} by input {}: the gradient is wrong at output element {}, input element {}: numerical "
                      "{:.10g}, analytical {:.10g}",
                      k, c.positions[i], element_name(y.shape(), row), element_name(x.shape(), col), n.at(row, col),
                      a.at(row, col)),
          {{"output", fmt::format("{} {}{}", short_name(y.dtype()), to_string(y.shape()),
                                  *y.grad_fn_name() ? fmt::format(" from {}", y.grad_fn_name()) : "")},
           {"input", fmt::format("{}{} {}", x.name().empty() ? "" : x.name() + "  ", short_name(x.dtype()),
                                 to_string(x.shape()))},
           {"wrong", fmt::format("{} of {} elements differ by more than {:g} + {:g} |numerical|", wrong,
                                 n.rows * n.cols, c.options.atol, c.options.rtol)}}};
}

Tensor random_like(const Tensor& y, Generator& generator) {
  Tensor v = detail::make_tensor(y.shape(), DType::float64);
  detail::fill_normal(generator, detail::data<double>(v), v.numel(), 0, 1);
  return v;
}

// One pass from all outputs together, with dense seeds, against the rows found one by one: an operation of several
// outputs gets some gradients undefined there and all defined here.
Failure check_together(const Check& c, const std::vector<Tensor>& outputs, std::vector<std::vector<Jacobian>>& rows) {
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
        return {true,
                fmt::format("backward is not linear in its gradient: input {}, element {} gets {:.10g} from a pass "
                            "over all outputs, but "
                            "{:.10g} from passes over single output elements",
                            c.positions[i], element_name(c.checked[i].shape(), static_cast<std::int64_t>(j)), got[i][j],
                            expected[i][j]),
                {}};
  return {};
}

Failure find_failure(const Check& c) {
  const std::vector<Tensor> outputs = call(c);
  auto n = numerical(c, outputs);
  std::vector<std::vector<Jacobian>> a;
  for (std::size_t k = 0; k < outputs.size(); ++k) {
    Failure failure;
    if (!is_floating(outputs[k].dtype())) {
      a.emplace_back();
      continue;
    }
    a.push_back(analytical(c, outputs[k], k, failure));
    for (std::size_t i = 0; i < c.checked.size() && !failure.found; ++i)
      failure = compare(c, outputs[k], k, i, a[k][i], n[k][i]);
    if (failure.found) return failure;
  }
  return check_together(c, outputs, a);
}

bool run(const char* op, const GradcheckFunction& f, const std::vector<Tensor>& inputs, GradcheckOptions options,
         const Location& at) {
  Check c{op, f, inputs, options, at, {}, {}};
  check_inputs(c);
  const GradModeGuard on(true);
  const Failure failure = find_failure(c);
  if (!failure.found) return true;
  if (!options.raise_exception) return false;
  ErrorReport report(op, failure.rule, at);
  for (const auto& [role, text] : failure.lines) report.line(role, text);
  report.autograd_error();
}

GradcheckFunction one_output(const std::function<Tensor(const std::vector<Tensor>&)>& f) {
  return [&f](const std::vector<Tensor>& x) { return std::vector<Tensor>{f(x)}; };
}

}  // namespace

bool gradcheck(const GradcheckFunction& f, const std::vector<Tensor>& inputs, GradcheckOptions options, Location at) {
  return run("gradcheck", f, inputs, options, at);
}

bool gradcheck(const std::function<Tensor(const std::vector<Tensor>&)>& f, const std::vector<Tensor>& inputs,
               GradcheckOptions options, Location at) {
  return run("gradcheck", one_output(f), inputs, options, at);
}

bool gradgradcheck(const GradcheckFunction& f, const std::vector<Tensor>& inputs, GradcheckOptions options,
                   Location at) {
  const GradModeGuard on(true);
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

bool gradgradcheck(const std::function<Tensor(const std::vector<Tensor>&)>& f, const std::vector<Tensor>& inputs,
                   GradcheckOptions options, Location at) {
  return gradgradcheck(one_output(f), inputs, options, at);
}

}  // namespace xgrad
