// The middle factor of the chain rule, on the edges of small graphs: the local derivative in the symbols of the picture
// where an elementary formula is known, and its value where it is one number. Gradients of single numbers get their
// sign.
#include <cmath>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "heatmap.hpp"
#include "picture.hpp"

namespace xgrad::viz {
namespace {

constexpr std::size_t kShortName = 8;  // characters

// What a formula speaks of. The numbers are NaN where they are not single or not known.
struct Terms {
  std::string a, b, y, c;  // inputs, result, constant
  std::string other;       // the other factor: b, or the constant
  double va = NAN, vb = NAN, vy = NAN, vc = NAN;
  std::size_t inputs = 1;
  double elements = 1;  // of the first input
};
struct Formula {
  std::string of, derivative;  // "w·x", "x"
  double value = NAN;
};

using Rule = Formula (*)(const Terms& t, int position);

Formula of_product(const Terms& t, int position) {
  if (t.inputs < 2) return {t.a + "·" + t.c, t.c, t.vc};
  return {t.a + "·" + t.b, position ? t.a : t.b, position ? t.va : t.vb};
}
Formula of_quotient(const Terms& t, int position) {
  if (t.inputs < 2) return {t.a + "/" + t.c, "1/" + t.c, 1 / t.vc};
  if (position == 0) return {t.a + "/" + t.b, "1/" + t.b, 1 / t.vb};
  return {t.a + "/" + t.b, fmt::format("−{}/{}²", t.a, t.b), -t.va / t.vb / t.vb};
}
Formula of_sum(const Terms& t, int position) {
  if (t.inputs < 2) return {t.a + " + " + t.c, "1", 1};
  if (t.c.empty()) return {t.a + " + " + t.b, "1", 1};
  return {fmt::format("{} + {}·{}", t.a, t.c, t.b), position ? t.c : "1", position ? t.vc : 1};
}
Formula of_difference(const Terms& t, int position) {
  if (t.inputs < 2) return {t.a + " − " + t.c, "1", 1};
  if (!t.c.empty()) return {fmt::format("{} − {}·{}", t.a, t.c, t.b), position ? "−" + t.c : "1", position ? -t.vc : 1};
  return {t.a + " − " + t.b, position ? "−1" : "1", position ? -1.0 : 1.0};
}
Formula of_power(const Terms& t, int) {
  if (t.inputs != 1 || t.c.empty()) return {};
  const double n = t.vc - 1;
  const std::string power = n == 1 ? t.a : fmt::format("{}^{}", t.a, n);
  return {fmt::format("{}^{}", t.a, t.c), t.c + "·" + power, t.vc * std::pow(t.va, n)};
}

const std::map<std::string, Rule>& rules() {
  static const std::map<std::string, Rule> all{
      {"mul", of_product},
      {"div", of_quotient},
      {"add", of_sum},
      {"sub", of_difference},
      {"pow", of_power},
      {"rsub",
       [](const Terms& t, int) {
         return Formula{t.c + " − " + t.a, "−1", -1};
       }},
      {"neg",
       [](const Terms& t, int) {
         return Formula{"−" + t.a, "−1", -1};
       }},
      {"square",
       [](const Terms& t, int) {
         return Formula{t.a + "²", "2·" + t.a, 2 * t.va};
       }},
      {"exp",
       [](const Terms& t, int) {
         return Formula{"e^" + t.a, "e^" + t.a, t.vy};
       }},
      {"log",
       [](const Terms& t, int) {
         return Formula{"ln " + t.a, "1/" + t.a, 1 / t.va};
       }},
      {"sqrt",
       [](const Terms& t, int) {
         return Formula{"√" + t.a, "1/(2√" + t.a + ")", 1 / (2 * t.vy)};
       }},
      {"reciprocal",
       [](const Terms& t, int) {
         return Formula{"1/" + t.a, "−1/" + t.a + "²", -1 / t.va / t.va};
       }},
      {"tanh",
       [](const Terms& t, int) {
         return Formula{"tanh " + t.a, fmt::format("1 − {}²", t.y.empty() ? "tanh² " + t.a : t.y), 1 - t.vy * t.vy};
       }},
      {"sigmoid",
       [](const Terms& t, int) {
         const std::string y = t.y.empty() ? "σ" : t.y;
         return Formula{"σ(" + t.a + ")", fmt::format("{}·(1 − {})", y, y), t.vy * (1 - t.vy)};
       }},
      {"relu",
       [](const Terms& t, int) {
         const double slope = std::isnan(t.va) ? NAN : t.va > 0 ? 1 : 0;
         return Formula{"relu " + t.a,
                        std::isnan(t.va) ? "1 where " + t.a + " > 0, else 0"
                        : t.va > 0       ? "1"
                                         : "0",
                        slope};
       }},
      {"rdiv",
       [](const Terms& t, int) {
         return Formula{t.c + "/" + t.a, fmt::format("−{}/{}²", t.c, t.a), -t.vc / t.va / t.va};
       }},
      {"sin",
       [](const Terms& t, int) {
         return Formula{"sin " + t.a, "cos " + t.a, std::cos(t.va)};
       }},
      {"cos",
       [](const Terms& t, int) {
         return Formula{"cos " + t.a, "−sin " + t.a, -std::sin(t.va)};
       }},
      {"sum",
       [](const Terms& t, int) {
         return Formula{"Σ" + t.a, "1", t.elements == 1 ? 1 : NAN};
       }},
  };
  return all;
}

std::optional<double> number_in(const Tensor& t) {
  if (!t.defined() || t.numel() != 1) return std::nullopt;
  return t.detach().to_vector<double>()[0];
}
double known(const Tensor& t) { return number_in(t).value_or(NAN); }

class Deriver {
 public:
  explicit Deriver(Picture& p) : p_(p), uses_(p.nodes.size()) {
    for (const PicEdge& e : p.edges) {
      inputs_[e.to].emplace(e.position, e.from);
      ++uses_[static_cast<std::size_t>(e.from)];
    }
  }
  void run() {
    for (PicEdge& e : p_.edges)
      if (e.backward) derive(e);
  }

 private:
  const PicNode& node(int i) const { return p_.nodes[static_cast<std::size_t>(i)]; }
  const PicNode& shown(int i) const {
    const PicNode& n = node(i);
    return n.kind == Kind::ghost && n.original >= 0 ? node(n.original) : n;
  }

  // What the picture calls it; "" for an operation without a name.
  std::string name_of(const PicNode& n) const {
    std::string name = n.symbol;
    if (!name.empty() && n.layer) name += fmt::format("[{}]", n.layer);
    if (name.empty()) name = n.name;
    const bool source = n.kind == Kind::data || n.kind == Kind::parameter || n.kind == Kind::frozen;
    if (name.empty() && source && n.title.find(' ') == std::string::npos) name = n.title;
    return name.size() > kShortName ? "" : name;
  }
  std::string name_or(const PicNode& n, const char* letter) const {
    const std::string name = name_of(n);
    return name.empty() ? letter : name;
  }

  Terms terms_of(const PicNode& op, const std::map<int, int>& inputs) const {
    Terms t;
    const PicNode& first = shown(inputs.at(0));
    t.inputs = inputs.size();
    t.a = name_or(first, "u");
    t.va = known(first.value);
    t.elements = static_cast<double>(first.shape.numel());
    if (const auto second = inputs.find(1); second != inputs.end()) {
      const PicNode& n = shown(second->second);
      t.b = name_or(n, second->second == inputs.at(0) ? "u" : "v");
      t.vb = known(n.value);
    }
    t.y = name_of(op);
    t.vy = known(op.value);
    t.c = op.number;
    if (!op.number.empty()) t.vc = std::atof(op.number.c_str());
    return t;
  }

  void derive(PicEdge& e) {
    const PicNode& op = node(e.to);
    const bool computed = op.kind == Kind::operation || op.kind == Kind::result;
    const auto inputs = inputs_.find(e.to);
    const auto rule = rules().find(op.known_op);
    Formula f;
    if (computed && op.copies == 1 && e.position >= 0 && rule != rules().end() && inputs->second.contains(0))
      f = rule->second(terms_of(op, inputs->second), e.position);
    if (shown(e.from).shape.numel() != 1 || op.shape.numel() != 1) f.value = NAN;
    give_sign(e, f.value);
    if (f.derivative.empty()) return;
    const std::string by = name_or(shown(e.from), e.position == 1 && inputs->second.at(0) != e.from ? "v" : "u");
    const bool bare = f.of.find_first_of(" +/^") == std::string::npos && f.of.find("·") == std::string::npos &&
                      f.of.find("−") == std::string::npos;
    const std::string result = name_of(op);
    e.derivative = fmt::format("∂{}/∂{} = {}",
                               !result.empty() ? result
                               : bare          ? f.of
                                               : "(" + f.of + ")",
                               by, f.derivative);
    const bool says_it = f.derivative == short_number(f.value) || f.derivative == shortest_text(f.value);
    if (!std::isnan(f.value) && !says_it) e.derivative += " = " + short_number(f.value);
  }
  static std::string shortest_text(double v) {
    std::string s = fmt::format("{}", std::fabs(v));
    return v < 0 ? "−" + s : s;
  }

  // Where the formula gives another number than the one that flowed (a hook, a change in place), it is not believed.
  void give_sign(PicEdge& e, double& local) const {
    const PicNode &from = node(e.from), &to = node(e.to);
    const std::optional<double> incoming = number_in(to.grad), own = number_in(from.grad);
    if (incoming && !std::isnan(local)) {
      const double flows = local * *incoming;
      const bool agrees = e.norm < 0 || std::fabs(std::fabs(flows) - e.norm) <= 1e-3 * std::max(1e-30, e.norm);
      if (!agrees) local = NAN;
      if (agrees) e.norm = flows, e.is_signed = true;
    }
    if (!e.is_signed && own && uses_[static_cast<std::size_t>(e.from)] == 1 && from.kind != Kind::ghost)
      e.norm = *own, e.is_signed = true;
  }

  Picture& p_;
  std::map<int, std::map<int, int>> inputs_;  // operation -> position -> node
  std::vector<int> uses_;
};

}  // namespace

void name_derivatives(Picture& p) { Deriver(p).run(); }

}  // namespace xgrad::viz
