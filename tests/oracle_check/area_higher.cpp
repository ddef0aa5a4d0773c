// higher: derivatives of derivatives. The function is the formula in `f`, read as an expression where it is one.
#include <regex>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>

#include "functions.hpp"
#include "language.hpp"
#include "record.hpp"

namespace oracle {

namespace {

using Scope = std::map<std::string, Tensor>;
using Formula = std::function<Tensor(const Scope&)>;

Tensor one(const Tensor& y, const Tensor& x) {
  const auto g = xgrad::grad({y}, {x}, {}, {.create_graph = true, .allow_unused = true});
  return g[0].defined() ? g[0] : xgrad::zeros_like(x);
}
// The gradient stays on the tape; a constant has none to differentiate.
Tensor derivative(const Tensor& y, const Tensor& x) { return y.requires_grad() ? one(y, x) : xgrad::zeros_like(x); }

Callable whole(const char* function, List more) {
  return [function, more](List args, const Dict& named) {
    if (args.size() == 1 && named.empty()) args.insert(args.end(), more.begin(), more.end());
    return call_function(function, args, named);
  };
}

// Determinant by expansion along the first row: a polynomial in the entries.
Tensor determinant(const std::vector<std::vector<Tensor>>& m) {
  if (m.size() == 1) return m[0][0];
  Tensor sum;
  for (std::size_t c = 0; c < m.size(); ++c) {
    std::vector<std::vector<Tensor>> minor;
    for (std::size_t r = 1; r < m.size(); ++r) {
      minor.emplace_back();
      for (std::size_t k = 0; k < m.size(); ++k)
        if (k != c) minor.back().push_back(m[r][k]);
    }
    const Tensor term = m[0][c] * determinant(minor);
    sum = !sum.defined() ? term : c % 2 ? sum - term : sum + term;
  }
  return sum;
}

Tensor matrix_determinant(const Tensor& x) {
  std::int64_t n = 1;
  while (n * n < x.numel()) ++n;
  std::vector<std::vector<Tensor>> m(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < n * n; ++i) m[static_cast<std::size_t>(i / n)].push_back(xgrad::select(x, 0, i));
  return determinant(m);
}

// Parts of a flat vector, in order, in the given shapes.
std::vector<Tensor> unpack(const Tensor& w, const std::vector<Shape>& shapes) {
  std::vector<Tensor> parts;
  std::int64_t at = 0;
  for (const Shape& s : shapes) {
    parts.push_back(xgrad::reshape(xgrad::narrow(w, 0, at, s.numel()), s));
    at += s.numel();
  }
  return parts;
}

// Formulas in words.
const std::map<std::string, Formula>& worded() {
  static const std::map<std::string, Formula> table = {
      {"sum_i 100 (x[i+1]-x[i]^2)^2 + (1-x[i])^2",
       [](const Scope& s) {
         const Tensor& x = s.at("x");
         const std::int64_t n = x.size(0);
         const Tensor a = xgrad::slice(x, 0, 0, n - 1), b = xgrad::slice(x, 0, 1, n);
         return xgrad::sum(100 * xgrad::square(b - xgrad::square(a)) + xgrad::square(1 - a));
       }},
      {"det of the row-major 3x3 matrix x", [](const Scope& s) { return matrix_determinant(s.at("x")); }},
      {"det of the row-major 2x2 matrix x", [](const Scope& s) { return matrix_determinant(s.at("x")); }},
      {"||x||_2", [](const Scope& s) { return xgrad::sqrt(xgrad::sum(xgrad::square(s.at("x")))); }},
      {"mean BCE-with-logits of X w[0:2] + w[2]",
       [](const Scope& s) {
         const Tensor& w = s.at("x");
         const Tensor z = xgrad::mv(s.at("X"), xgrad::slice(w, 0, 0, 2)) + xgrad::select(w, 0, 2);
         return xgrad::binary_cross_entropy_with_logits(z, s.at("y"));
       }},
      {"mean((W2 tanh(W1 x + b1) + b2 - y)^2), w = [W1 3x2, b1, W2 1x3, b2]",
       [](const Scope& s) {
         const auto p = unpack(s.at("x"), {{3, 2}, {3}, {1, 3}, {1}});
         const Tensor h = xgrad::tanh(xgrad::linear(s.at("X"), p[0], p[1]));
         return xgrad::mse_loss(xgrad::linear(h, p[2], p[3]), s.at("Y"));
       }},
  };
  return table;
}

// x' A x -> dot(x, mv(A, x)).
std::string without_transposes(const std::string& f) {
  static const std::regex kForm(R"((\w+)' (\w+) (\w+))");
  return std::regex_replace(f, kForm, "dot($1, mv($2, $3))");
}

Value apply_formula(const std::string& f, const Scope& scope) {
  if (const auto w = worded().find(f); w != worded().end()) return w->second(scope);
  Interpreter language;
  for (const auto& [name, t] : scope) language.set(name, t);
  const Tensor& x = scope.at("x");
  if (x.dim() == 1)
    for (std::int64_t i = 0; i < x.size(0); ++i) language.set(fmt::format("x{}", i), xgrad::select(x, 0, i));
  language.set("logsumexp", std::make_shared<Callable>(whole("logsumexp", List{Value(List{})})));
  language.set("softmax", std::make_shared<Callable>(whole("softmax", List{0})));
  language.set("batchnorm_train", std::make_shared<Callable>([](List a, Dict) -> Value {
                 return xgrad::batch_norm(a.at(0).tensor(), Tensor(), Tensor(), Tensor(), Tensor(), true);
               }));
  language.set("log_softmax", std::make_shared<Callable>(whole("log_softmax", List{0})));
  return language.evaluate(without_transposes(f));
}

Scope scope_of(const Json& record, const Tensor& x) {
  Scope s{{"x", x}};
  if (record.contains("constants"))
    for (const auto& [name, t] : record["constants"].items()) s[name] = tensor_from(t);
  return s;
}

// Jacobian of a flat vector, row by row, still on the tape.
std::vector<Tensor> rows(const Tensor& y, const Tensor& x) {
  std::vector<Tensor> r;
  const Tensor flat = xgrad::flatten(y);
  for (std::int64_t i = 0; i < flat.numel(); ++i) r.push_back(derivative(xgrad::select(flat, 0, i), x));
  return r;
}

void check_derivatives(const Json& r, Tolerance tol) {
  const Tensor x = tensor_from(r.at("x")).requires_grad_();
  const Tensor y = apply_formula(r.at("f"), scope_of(r, x)).tensor();
  compare_number(y.item(), number(r.at("value")), tol, "value");
  const Tensor g = derivative(y, x);
  compare_data(g, r.at("grad"), tol, "grad");
  const std::vector<Tensor> h = rows(g, x);
  compare_data(xgrad::stack(h), r.at("hessian"), tol, "hessian");
  if (!r.contains("third")) return;
  std::vector<Tensor> third;
  for (const Tensor& row : h)
    for (const Tensor& t : rows(row, x)) third.push_back(t);
  compare_data(xgrad::stack(third), r["third"], tol, "third");
}

Tensor scalar_function(const std::string& f, const Tensor& x) {
  static const std::regex kPower(R"(x_pow_(-?\d+))");
  std::smatch m;
  if (std::regex_match(f, m, kPower)) return xgrad::pow(x, static_cast<std::int64_t>(std::stoi(m[1])));
  if (f == "x_sin_exp") return x * xgrad::sin(xgrad::exp(0.5 * x));
  if (f == "pow_x_x") return xgrad::pow(x, x);
  return call_function(f, {x}, {}).tensor();
}

void check_nth(const Json& r, Tolerance tol) {
  const Tensor x = xgrad::tensor(number(r.at("x")), {.dtype = xgrad::kFloat64}).requires_grad_();
  Tensor y = scalar_function(r.at("f"), x);
  for (std::size_t order = 0; order < r.at("derivatives").size(); ++order) {
    compare_number(y.item(), number(r["derivatives"][order]), tol, fmt::format("derivative {}", order));
    if (order + 1 < r["derivatives"].size()) y = derivative(y, x);
  }
}

void check_hvp(const Json& r, Tolerance tol) {
  const Tensor x = tensor_from(r.at("x")).requires_grad_(), v = tensor_from(r.at("v"));
  const Tensor y = apply_formula(r.at("f"), scope_of(r, x)).tensor();
  compare_number(y.item(), number(r.at("value")), tol, "value");
  const Tensor g = derivative(y, x);
  compare_data(g, r.at("grad"), tol, "grad");
  const Tensor hv = derivative(xgrad::sum(g * v), x);
  compare_data(hv, r.at("hvp"), tol, "hvp");
  if (r.contains("grad_of_vHv")) compare_data(derivative(xgrad::sum(hv * v), x), r["grad_of_vHv"], tol, "grad of v'Hv");
}

std::map<std::string, Tensor> inputs_of(const Json& r) {
  std::map<std::string, Tensor> in;
  for (const auto& [name, t] : r.at("inputs").items()) in[name] = tensor_from(t).requires_grad_();
  return in;
}

// D(x) = sum softplus(x W1' + b1) W2'; the penalty holds every row's gradient to norm 1.
void check_grad_penalty(const Json& r, Tolerance tol) {
  const auto in = inputs_of(r);
  const Tensor d =
      xgrad::sum(xgrad::linear(xgrad::softplus(xgrad::linear(in.at("x"), in.at("W1"), in.at("b1"))), in.at("W2")));
  const Tensor g = derivative(d, in.at("x"));
  const Tensor norms = xgrad::sqrt(xgrad::sum(xgrad::square(g), {1}));
  const Tensor penalty = xgrad::mean(xgrad::square(norms - 1));
  compare_number(penalty.item(), number(r.at("penalty")), tol, "penalty");
  for (const auto& [name, want] : r.at("grads").items())
    compare_data(derivative(penalty, in.at(name)), want, tol, "grad " + name);
}

void check_maml(const Json& r, Tolerance tol) {
  const auto in = inputs_of(r);
  static const std::regex kRate(R"(w - ([\d.]+) dL)");
  std::smatch m;
  const std::string f = r.at("f");
  if (!std::regex_search(f, m, kRate)) throw Unsupported(f);
  const auto loss = [](const Tensor& x, const Tensor& y, const Tensor& w) {
    return xgrad::mean(xgrad::square(xgrad::tanh(xgrad::mv(x, w)) - y));
  };
  const Tensor& w = in.at("w");
  const Tensor moved = w - std::stod(m[1]) * derivative(loss(in.at("Xa"), in.at("ya"), w), w);
  const Tensor outer = loss(in.at("Xb"), in.at("yb"), moved);
  compare_number(outer.item(), number(r.at("outer")), tol, "outer loss");
  compare_data(derivative(outer, w), r.at("grad"), tol, "grad");
}

void check_jacobian(const Json& r, Tolerance tol) {
  const Tensor x = tensor_from(r.at("x")).requires_grad_();
  const Tensor y = xgrad::stack(apply_formula(r.at("f"), scope_of(r, x)).tensors());
  const Tensor j = xgrad::stack(rows(y, x));
  compare_data(j, r.at("jacobian"), tol, "jacobian");
  if (r.contains("vJ"))
    compare_data(xgrad::grad({y}, {x}, {tensor_from(r.at("v"))}, {.retain_graph = true})[0], r["vJ"], tol, "vJ");
  if (!r.contains("Ju")) return;
  // The forward product by differentiating twice: d/dv of <v'J, u>.
  const Tensor v = xgrad::ones_like(y).requires_grad_();
  const Tensor vj = xgrad::grad({y}, {x}, {v}, {.create_graph = true})[0];
  compare_data(xgrad::grad({xgrad::sum(vj * tensor_from(r.at("u")))}, {v})[0], r["Ju"], tol, "Ju");
}

}  // namespace

void check_higher(const Json& record) {
  static const std::map<std::string, void (*)(const Json&, Tolerance)> kinds = {
      {"derivatives", check_derivatives},   {"nth", check_nth},   {"hvp", check_hvp},
      {"grad_penalty", check_grad_penalty}, {"maml", check_maml}, {"jacobian", check_jacobian}};
  const DefaultDType float64(xgrad::kFloat64);
  const auto kind = kinds.find(record.at("kind"));
  if (kind == kinds.end()) throw Unsupported("kind " + record.at("kind").get<std::string>());
  kind->second(record, tolerance(record, 1e-8, 1e-10));
}

}  // namespace oracle
