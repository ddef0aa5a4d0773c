#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>
#include <xgrad/detail/utf8.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/viz/explain.hpp>

#include "explorer/chain.hpp"
#include "explorer/explorer.hpp"
#include "explorer/latex.hpp"
#include "explorer/math.hpp"
#include "explorer/operand.hpp"
#include "explorer/places.hpp"

namespace xgrad::viz {
namespace {

// Between backticks.
std::string code(const std::string& text) {
  std::string s;
  std::size_t end = std::min<std::size_t>(text.size(), 80);
  while (end < text.size() && end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  for (const char c : text.substr(0, end)) s += c == '`' || c == '$' || static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  return "`" + s + "`";
}

std::string number(double v) {
  if (std::isnan(v)) return "\\mathrm{NaN}";
  if (std::isinf(v)) return v > 0 ? "\\infty" : "-\\infty";
  const std::string s = fmt::format("{:.3g}", v);
  const auto e = s.find('e');
  return e == std::string::npos ? s : fmt::format("{}\\cdot 10^{{{}}}", s.substr(0, e), std::stoi(s.substr(e + 1)));
}

std::string shape_of(const Tensor& t) {
  return t.dim() == 0 ? "scalar" : fmt::format("{}", fmt::join(t.shape().begin(), t.shape().end(), "×"));
}

double norm_of(const Tensor& t) {
  double sum = 0;
  for (const double v : t.detach().to_vector<double>()) sum += v * v;
  return std::sqrt(sum);
}

class Text {
 public:
  Text(const Recorded& recorded, const Picture& picture, const Chain& chain, const ExplainOptions& options)
      : graph_(recorded.graph), p_(picture), chain_(chain), places_(p_, graph_), options_(options) {
    const int root = places_.result(graph_.root, graph_.root_output);
    loss_ = latex(symbol_math(p_, root));
    seeded_ = !is_plain_seed(chain_.seed);
    if (seeded_) loss_ = "\\mathcal{J}";  // what is differentiated is not the result itself
  }

  std::string write() {
    out_ =
        fmt::format("# The chain rule of {} operation{}\n\n", graph_.nodes.size(), graph_.nodes.size() == 1 ? "" : "s");
    if (p_.left_out) out_ += fmt::format("The first {} are left out.\n\n", p_.left_out);
    if (chain_.ran_here) out_ += "`backward()` had not run: the gradients were computed for this text.\n\n";
    out_ += "## Forward\n\n";
    for (std::size_t i = static_cast<std::size_t>(p_.left_out); i < graph_.nodes.size(); ++i) forward(i);
    out_ +=
        seeded_
            ? fmt::format(
                  "\n## Backward\n\nIt begins with the gradient that `backward()` was given: ${0}$. Below, ${1}$ "
                  "is the sum of the results, each times its number there.\n",
                  matrix(chain_.seed), loss_)
            : fmt::format("\n## Backward\n\nIt begins with $\\frac{{\\partial {0}}}{{\\partial {0}}} = 1$.\n", loss_);
    for (const ChainStep& s : chain_.steps) backward(s);
    leaves();
    return xgrad::detail::valid_utf8(out_);
  }

 private:
  std::string latex(const std::string& math) const {
    const auto symbol = [this](int node) { return latex_of(symbol_math(p_, node), nullptr, loss_); };
    return latex_of(math, symbol, loss_);
  }
  std::string derivative(int node) const {
    return fmt::format("\\frac{{\\partial {}}}{{\\partial {}}}", loss_, latex(symbol_math(p_, node)));
  }

  // In numbers, when they are few enough; else what kind of tensor it is.
  std::string matrix(const Tensor& t) const {
    if (!t.defined()) return "\\text{not known}";
    if (t.dim() > 0 && (t.numel() > options_.most_numbers || t.numel() == 0)) return size_and_norm(t);
    const std::vector<double> v = t.detach().to_vector<double>();
    if (t.dim() == 0) return number(v[0]);
    const auto columns = static_cast<std::size_t>(t.size(-1));
    std::string s = "\\begin{pmatrix}";
    for (std::size_t i = 0; i < v.size(); ++i) s += (i == 0 ? "" : i % columns == 0 ? "\\\\" : "&") + number(v[i]);
    return s + "\\end{pmatrix}";
  }
  static std::string size_and_norm(const Tensor& t) {
    const std::string size = fmt::format("{}", fmt::join(t.shape(), "\\times "));
    return fmt::format("\\left[\\,{}\\,\\right]_{{\\|\\cdot\\|={}}}", size, number(norm_of(t)));
  }

  std::vector<int> inputs(std::size_t op) const {
    std::vector<int> in;
    const tape::OpNode& o = graph_.nodes[op];
    for (std::size_t k = 0; k < o.inputs.size() + o.data.size(); ++k)
      in.push_back(places_.input(places_.node_of(op), k));
    return in;
  }

  void forward(std::size_t op) {
    const int n = places_.node_of(op);
    if (n < 0) return;
    const PicNode& node = p_.nodes[static_cast<std::size_t>(n)];
    out_ += fmt::format("- {}, {} [{}]{}: $${} = {}{}$$\n", code(node.title), short_name(node.dtype),
                        node.shape.empty() ? "scalar" : fmt::format("{}", fmt::join(node.shape, "×")),
                        node.source.empty() ? "" : ", " + code(node.source), latex(symbol_math(p_, n)),
                        latex(formula_math(p_, n, inputs(op))),
                        node.value.defined() ? " = " + matrix(node.value) : std::string());
  }

  void backward(const ChainStep& s) {
    const int n = places_.node_of(s.op);
    if (n < 0) return;
    out_ += fmt::format("\n### Through {}\n\n", code(p_.nodes[static_cast<std::size_t>(n)].title));
    if (!s.problem.empty()) out_ += fmt::format("Not known: {}\n", code(s.problem.substr(0, s.problem.find('\n'))));
    for (std::size_t k = 0; k < s.outside.size(); ++k)
      if (s.outside[k].defined())
        out_ += fmt::format(
            "A hook changed the gradient that arrives here, or another result sent a part of it: the uses "
            "in this graph give the first summand. $${} + {} = {}$$\n\n",
            matrix(s.incoming[k] - s.outside[k]), matrix(s.outside[k]), matrix(s.incoming[k]));
    for (const Term& t : s.terms) term(n, s, t);
  }

  void term(int n, const ChainStep& s, const Term& t) {
    const std::vector<int> in = inputs(s.op);
    const int to = places_.whole(in[t.position]);
    if (to < 0) return;
    std::size_t m = 0;
    int from = n;  // of several results the first whose gradient arrived
    std::string arrived;
    for (std::uint32_t k = 0; k < s.incoming.size(); ++k) {
      const Tensor& g = s.incoming[k];
      const int result = places_.result(static_cast<std::int64_t>(s.op), k);
      if (!g.defined()) continue;
      m += static_cast<std::size_t>(g.numel());
      if (result < 0) continue;
      if (arrived.empty()) from = result;
      arrived += fmt::format("{} = {},\\qquad ", derivative(result), matrix(g));
    }
    const LocalDerivative* d = t.local ? &*t.local : nullptr;
    const auto numbers = static_cast<std::size_t>(t.sent.numel());
    const auto operand = d && d->form == Form::product ? operand_of(p_, graph_, places_, s.op, *d) : std::nullopt;
    const Slope slope = slope_math(p_, n, in, t.position);
    std::string rule = d ? "" : known_rule_math(graph_.nodes[s.op], t, in, from, to, slope);
    if (rule.empty()) rule = chain_rule_math(d, from, to, slope, matrix_math(operand), numbers);
    out_ += fmt::format("$${}$$\n\n{}\n\n", latex(rule), structure_words(t, m, graph_.nodes[s.op]));
    out_ += fmt::format("$${}{}{} = {}$$\n", arrived, derivative(to), t.uses > 1 ? "\\Big|_{\\text{this use}}" : "",
                        matrix(t.sent));
    if (d && d->form == Form::product && !operand &&
        d->matrix.size() <= static_cast<std::size_t>(options_.most_numbers))
      out_ += fmt::format("with $$J = {}$$\n", matrix_of(*d));
    if (t.uses > 1)
      out_ += fmt::format("\nUse {} of {}; so far and this use: $${} + {} = {}$$\n", t.use, t.uses,
                          t.so_far.defined() ? matrix(t.so_far) : "0", matrix(t.sent), matrix(t.total));
    if (const Tensor more = outside(s, t); t.use == t.uses && more.defined())
      out_ += fmt::format("\nBy a hook, or from outside of this graph: $${} + {} = {}$$\n", matrix(t.total),
                          matrix(more), matrix(t.total + more));
  }
  Tensor outside(const ChainStep& s, const Term& t) const {
    const tape::Input& in = graph_.nodes[s.op].inputs[t.position];
    const auto found = chain_.leaf_outside.find(in.node < 0 ? in.leaf.id() : nullptr);
    return found == chain_.leaf_outside.end() ? Tensor() : found->second;
  }
  static std::string matrix_of(const LocalDerivative& d) {
    std::string s = "\\begin{pmatrix}";
    for (std::size_t i = 0; i < d.matrix.size(); ++i)
      s += (i == 0 ? "" : i % d.columns == 0 ? "\\\\" : "&") + number(d.matrix[i]);
    return s + "\\end{pmatrix}";
  }

  void leaves() {
    out_ += "\n## Gradients\n\n| tensor | shape | norm of the gradient |\n|---|---|---|\n";
    std::map<int, Tensor> all;
    for (const ChainStep& s : chain_.steps)
      for (const Term& t : s.terms)
        if (const int to = places_.whole(places_.input(places_.node_of(s.op), t.position)); to >= 0)
          if (p_.nodes[static_cast<std::size_t>(to)].op < 0) {
            const Tensor more = outside(s, t);
            all[to] = more.defined() ? t.total + more : t.total;
          }
    for (const auto& [node, g] : all) {
      std::string name = code(p_.nodes[static_cast<std::size_t>(node)].title);
      std::erase(name, '|');
      out_ += fmt::format("| {} | {} | {:.4g} |\n", name, shape_of(g), norm_of(g));
    }
  }

  const tape::Graph& graph_;
  const Picture& p_;
  const Chain& chain_;
  Places places_;
  const ExplainOptions& options_;
  std::string loss_ = "L", out_;
  bool seeded_ = false;
};

}  // namespace

std::string explain(const Tensor& root, const ExplainOptions& options, Location at) {
  require_graph(root, {}, at);
  if (options.most_operations < 1)
    ErrorReport("viz::explain", fmt::format("most_operations must be at least 1, got {}", options.most_operations), at)
        .value_error();
  const NoGradGuard off;
  const Recorded recorded(root);
  const Picture picture = whole_picture(recorded, {.max_nodes = options.most_operations});
  const Chain chain = build_chain(recorded, static_cast<std::size_t>(picture.left_out));
  return Text(recorded, picture, chain, options).write();
}

}  // namespace xgrad::viz
