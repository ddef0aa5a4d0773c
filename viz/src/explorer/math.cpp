#include "explorer/math.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "explorer/formulas.hpp"
#include "heatmap.hpp"

namespace xgrad::viz {
namespace {

std::string layer_mark(int layer) {
  return R"(<mrow><mo stretchy="false">[</mo>)" + mn(std::to_string(layer)) + R"(<mo stretchy="false">]</mo></mrow>)";
}
std::string place(int node) { return node < 0 ? mo("…") : fmt::format("{{n{}}}", node); }
std::string gradient_place(int node) { return node < 0 ? mo("…") : fmt::format("{{dn{}}}", node); }

const PicNode& whole(const Picture& p, int node) {
  const PicNode& n = p.nodes[static_cast<std::size_t>(node)];
  return n.kind == Kind::ghost ? p.nodes[static_cast<std::size_t>(n.original)] : n;
}

std::vector<std::string> characters(const std::string& s) {
  std::vector<std::string> all;
  for (const char c : s)
    if (all.empty() || (static_cast<unsigned char>(c) & 0xC0) != 0x80)
      all.emplace_back(1, c);
    else
      all.back() += c;
  return all;
}

// "weight" of a module is worth more with the module: the last two parts of a path.
std::string leaf_name(const std::string& title) {
  const auto last = title.rfind('.');
  const auto before = last == std::string::npos || last == 0 ? std::string::npos : title.rfind('.', last - 1);
  return before == std::string::npos ? title : title.substr(before + 1);
}

// Those that the formula of a layer has for its gates and states.
std::vector<const char*> letters_inside(const std::string& op) {
  if (op.starts_with("lstm")) return {"i", "f", "g", "o", "c", "h"};
  if (op.starts_with("gru")) return {"r", "z", "n", "h"};
  return {};
}

bool is_matmul(const std::string& op) { return op == "matmul" || op == "mm" || op == "bmm"; }

}  // namespace

Arguments arguments_of(const Picture& p, int node, const std::vector<int>& inputs, std::size_t position) {
  Arguments x;
  x.op = &whole(p, node);
  for (std::size_t i = 0; i < inputs.size(); ++i)
    x.a.push_back(i < 64 && x.op->absent >> i & 1 ? "" : place(inputs[i]));
  for (const int i : inputs) {
    x.nodes.push_back(i < 0 ? nullptr : &whole(p, i));
    if (i >= 0) x.names.insert(symbol_text(p, i));
  }
  x.names.insert(symbol_text(p, node));
  for (const char* letter : letters_inside(x.op->known_op)) x.names.insert(letter);
  x.in = x.op->first_input;
  x.y = place(node);
  const std::string& number = x.op->number;
  x.number = number.size() > 7 ? short_number(std::stod(number)) : number;
  x.position = position;
  return x;
}

std::string short_name_of(const std::string& name) {
  constexpr std::size_t kMost = 14, kEnd = 6;
  const std::vector<std::string> all = characters(name);
  if (all.size() <= kMost) return name;
  std::string s;
  for (std::size_t i = 0; i < kEnd; ++i) s += all[i];
  s += "…";
  for (std::size_t i = all.size() - kEnd; i < all.size(); ++i) s += all[i];
  return s;
}

std::string symbol_math(const Picture& p, int node) {
  const PicNode& n = whole(p, node);
  if (!n.name.empty()) return mi(short_name_of(n.name));
  if (!n.symbol.empty()) return n.layer ? power(mi(n.symbol), layer_mark(n.layer)) : mi(n.symbol);
  if (n.literal) return mn(n.title);
  if (n.op < 0) return mi(short_name_of(leaf_name(n.title)));
  const PicNode& shown = p.nodes[static_cast<std::size_t>(node)];
  return indexed(mi("v"), mn(std::to_string(shown.kind == Kind::ghost ? shown.original : node)));
}

std::string symbol_text(const Picture& p, int node) {
  if (node < 0) return "…";
  const PicNode& n = whole(p, node);
  if (!n.name.empty()) return n.name;
  if (!n.symbol.empty()) return n.layer ? fmt::format("{}[{}]", n.symbol, n.layer) : n.symbol;
  return n.op < 0 ? n.title : fmt::format("v{}", n.kind == Kind::ghost ? n.original : node);
}

std::string delta_math(const PicNode& n) {
  if (n.symbol != "z") return "";
  return n.layer ? power(mi("δ"), layer_mark(n.layer)) : mi("δ");
}

std::string formula_math(const Picture& p, int node, const std::vector<int>& inputs) {
  const Arguments x = arguments_of(p, node, inputs, 0);
  if (const OpFormula* known = formula_of(x.op->known_op); known && known->formula && x.has(0))
    return known->formula(x);
  std::string list;
  for (const std::string& a : x.a)
    if (!a.empty()) list += (list.empty() ? "" : mo(",")) + a;
  const std::string name = mi(p.nodes[static_cast<std::size_t>(node)].title);
  return applied(x.op->told.empty() ? name : indexed(name, mtext(x.op->told)), list);
}

Slope slope_math(const Picture& p, int node, const std::vector<int>& inputs, std::size_t position) {
  const Arguments x = arguments_of(p, node, inputs, position);
  const OpFormula* known = formula_of(x.op->known_op);
  const std::string slope = known && known->slope && x.has(0) ? known->slope(x) : "", i = x.index("i");
  if (!slope.empty()) return {slope, slope, i};
  const std::string by = mo("∂") + x.a[position];
  return {fraction(mo("∂") + x.y, by), fraction(mo("∂") + indexed(x.y, i), by), i};
}

std::optional<Product> expected_product(const tape::OpNode& op, std::size_t position) {
  if (op.op == "linear" && position < 2) return position == 0 ? Product::g_k : Product::gt_k;
  if (is_matmul(op.op)) return position == 0 ? Product::g_k : Product::kt_g;
  return {};
}

std::string known_rule_math(const tape::OpNode& op, const Term& t, const std::vector<int>& inputs, int from, int to,
                            const Slope& slope) {
  const std::string g = gradient_place(from), dot = mo("·"), left = gradient_place(to) + mo("=");
  if (t.elementwise) return left + g + mo("⊙") + slope.math;
  if (op.op == "linear") {
    if (t.position == 0) return left + g + dot + place(inputs[1]);
    if (t.position == 1) return left + transposed(g) + dot + place(inputs[0]);
    return left + sum_over(mtext("uses"), g);
  }
  const bool matrices = op.shapes.size() == 1 && op.shapes[0].rank() == 2;
  if (is_matmul(op.op) && matrices && inputs.size() == 2)
    return left + (t.position == 0 ? g + dot + transposed(place(inputs[1])) : transposed(place(inputs[0])) + dot + g);
  return "";
}

std::string chain_rule_math(const LocalDerivative* d, int from, int to, const Slope& slope, const std::string& matrix,
                            std::size_t in_numel) {
  const std::string g = gradient_place(from), dot = mo("·");
  const auto right = [&]() -> std::string {
    if (!d || d->form == Form::general)
      return sum_over(slope.index, row(indexed(in_brackets(g), slope.index), dot, slope.each));
    switch (d->form) {
      case Form::zero:
        return mn("0");
      case Form::scaled:
        return mn(short_number(d->factor)) + dot + g;
      case Form::diagonal:
        return g + mo("⊙") + slope.math;
      case Form::picked:
        if (!d->factors.empty()) return sum_over(mtext("uses"), row(g, mo("⊙"), slope.math));
        return std::ranges::max(reads(*d, in_numel)) > 1 ? sum_over(mtext("uses"), g)
                                                         : g + mtext("\u00a0put back where they were picked");
      case Form::spread:
        if (!d->factors.empty()) return g + dot + slope.math;
        if (d->factor < 0) return g + dot + in_brackets(mn(short_number(d->factor)));
        return d->factor == 1 ? g : g + dot + mn(short_number(d->factor));
      case Form::product:
        switch (d->product) {
          case Product::gt_k:
            return transposed(g) + dot + matrix;
          case Product::kt_g:
            return transposed(matrix) + dot + g;
          case Product::kt_gt:
            return transposed(matrix) + dot + transposed(g);
          default:
            return g + dot + matrix;
        }
      default:
        return g;
    }
  };
  return gradient_place(to) + mo("=") + right();
}

}  // namespace xgrad::viz
