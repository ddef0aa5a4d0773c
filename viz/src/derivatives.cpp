// The middle factor of the chain rule, on the edges of small graphs: the local derivative in the symbols of the picture
// where a short formula is known (explorer/formulas.hpp), and its value where it is one number. Gradients of single
// numbers get their sign.
#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "explorer/formulas.hpp"
#include "explorer/plain_formula.hpp"
#include "heatmap.hpp"
#include "local_numbers.hpp"
#include "picture.hpp"

namespace xgrad::viz {
namespace {

constexpr std::size_t kShortName = 8, kShortFormula = 16, kLongestSlope = 30;  // letters

std::optional<double> number_in(const Tensor& t) {
  if (!t.defined() || t.numel() != 1) return std::nullopt;
  return t.detach().to_vector<double>()[0];
}

class Deriver {
 public:
  Deriver(Picture& p, LocalNumbers& numbers) : p_(p), numbers_(numbers), uses_(p.nodes.size()) {
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
  int whole(int i) const { return node(i).kind == Kind::ghost && node(i).original >= 0 ? node(i).original : i; }
  const PicNode& shown(int i) const { return node(whole(i)); }

  // What the picture calls it; "" for an operation without a name.
  std::string name_of(const PicNode& n) const {
    if (n.literal) return n.title;
    std::string name = n.symbol;
    if (!name.empty() && n.layer) name += fmt::format("[{}]", n.layer);
    if (name.empty()) name = n.name;
    const bool source = n.kind == Kind::data || n.kind == Kind::parameter || n.kind == Kind::frozen;
    if (name.empty() && source && n.title.find(' ') == std::string::npos) name = n.title;
    return count_letters(name) > kShortName ? "" : name;
  }

  // Names of the inputs of one operation: letters for those without one, and for different ones with the same, as the
  // results of a layer that is called twice.
  std::map<int, std::string> names_of(const std::vector<int>& inputs) const {
    static constexpr const char* kLetters[] = {"u", "v", "w", "s", "t"};
    std::map<int, std::string> names;
    std::map<std::string, int> bearers;
    for (const int i : inputs)
      if (i >= 0 && names.emplace(whole(i), name_of(shown(i))).second) ++bearers[names[whole(i)]];
    std::size_t letter = 0;
    for (const int i : inputs) {
      if (i < 0) continue;
      std::string& name = names[whole(i)];
      if ((name.empty() || bearers[name] > 1) && letter < std::size(kLetters)) name = kLetters[letter++];
    }
    return names;
  }

  void derive(PicEdge& e) {
    const PicNode& op = node(e.to);
    const bool computed = (op.kind == Kind::operation || op.kind == Kind::result) && op.copies == 1 && e.position >= 0;
    const bool one_number = computed && shown(e.from).shape.numel() == 1 && op.shape.numel() == 1;
    double value = one_number ? numbers_.of(op, static_cast<std::size_t>(e.position)) : NAN;
    give_sign(e, value);
    if (computed) e.derivative = in_words(e, op, value);
  }

  // "∂(a·b)/∂a = b = 2.00"
  std::string in_words(const PicEdge& e, const PicNode& op, double value) const {
    const OpFormula* known = formula_of(op.known_op);
    const std::map<int, int>& by_position = inputs_.at(e.to);
    if (!known || !known->slope || !known->formula || op.output != 0) return "";
    std::vector<int> inputs(static_cast<std::size_t>(by_position.rbegin()->first) + 1, -1);
    for (const auto& [position, from] : by_position)
      if (position >= 0) inputs[static_cast<std::size_t>(position)] = from;
    const Arguments x = arguments_of(p_, e.to, inputs, static_cast<std::size_t>(e.position));
    if (!x.has(0)) return "";

    std::map<int, std::string> names = names_of(inputs);
    const auto symbol = [&](int i) { return names.at(whole(i)); };
    const std::string own = name_of(op), formula = plain_formula(known->formula(x), symbol);
    const std::string result = !own.empty() ? own : as_operand(formula);
    names[e.to] = result;
    const std::string slope = plain_formula(known->slope(x), symbol);
    if (slope.empty() || count_letters(slope) > kLongestSlope || count_letters(result) > kShortFormula ||
        (formula + slope).find("…") != std::string::npos)
      return "";
    const std::string left = fmt::format("∂{}/∂{} = ", result, symbol(e.from));
    if (std::isnan(value)) return left + slope;
    const bool is_condition = slope.find("where") != std::string::npos;
    const std::string number = short_number(value);
    if (slope == number || slope == shortest_text(value) || is_condition) return left + shortest_text(value);
    return fmt::format("{}{} = {}", left, slope, number);
  }
  static std::string shortest_text(double v) {
    std::string s = fmt::format("{}", std::fabs(v));
    return v < 0 ? "−" + s : s;
  }

  // Where the local derivative gives another number than the one that flowed (a hook, a change in place), it is not
  // believed.
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
  LocalNumbers& numbers_;
  std::map<int, std::map<int, int>> inputs_;  // operation -> position -> node
  std::vector<int> uses_;
};

}  // namespace

void name_derivatives(Picture& p, LocalNumbers& numbers) { Deriver(p, numbers).run(); }

}  // namespace xgrad::viz
