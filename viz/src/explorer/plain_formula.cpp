#include "explorer/plain_formula.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "explorer/math_tree.hpp"

namespace xgrad::viz {
namespace {

// Operators outside of all brackets.
bool has_operator(const std::string& text, std::initializer_list<std::string_view> operators) {
  int depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    depth += (c == '(' || c == '[') - (c == ')' || c == ']');
    if (depth == 0 && std::ranges::any_of(operators, [&](auto o) { return text.compare(i, o.size(), o) == 0; }))
      return true;
  }
  return false;
}
std::string bracketed(const std::string& s) { return "(" + s + ")"; }
std::string without_sum(const std::string& s) { return has_operator(s, {" "}) ? bracketed(s) : s; }

// Digits, the transposition sign and a minus have small forms.
std::string raised(const std::string& s) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 12> kSmall{{{"0", "⁰"},
                                                                                         {"1", "¹"},
                                                                                         {"2", "²"},
                                                                                         {"3", "³"},
                                                                                         {"4", "⁴"},
                                                                                         {"5", "⁵"},
                                                                                         {"6", "⁶"},
                                                                                         {"7", "⁷"},
                                                                                         {"8", "⁸"},
                                                                                         {"9", "⁹"},
                                                                                         {"−", "⁻"},
                                                                                         {"⊤", "ᵀ"}}};
  std::string small;
  for (std::size_t at = 0; at < s.size();) {
    const auto found =
        std::ranges::find_if(kSmall, [&](const auto& p) { return s.compare(at, p.first.size(), p.first) == 0; });
    if (found == kSmall.end()) return "^" + as_operand(s);
    small += found->second;
    at += found->first.size();
  }
  return small;
}

class Line {
 public:
  explicit Line(const std::function<std::string(int)>& symbol) : symbol_(symbol) {}

  std::string of(const MathTree& t) const {
    if (t.tag == "n") return symbol_(t.node);
    if (t.tag == "dn") return "∂L/∂" + symbol_(t.node);
    if (t.tag == "mo" && t.text == "⊙") return "·";
    if (t.tag == "mo" && t.text == "∑") return "Σ";
    if (t.is_leaf()) return t.text;
    if (t.tag == "msqrt") return "√" + as_operand(joined(t.children));
    if (t.tag == "munder" && t.children.size() == 2) return of(t.children[0]);
    if (t.tag == "mtable") return lines(t.children);
    if (t.children.size() != 2 || t.tag == "mrow") return joined(t.children);
    const std::string a = of(t.children[0]), b = of(t.children[1]);
    if (t.tag == "mfrac") return without_sum(a) + "/" + as_operand(b);
    if (t.tag == "msup") return as_operand(a) + raised(b);
    if (t.tag == "msub") return as_operand(a) + "_" + as_operand(b);
    if (t.tag == "mover") return a + "̂";
    return joined(t.children);
  }

 private:
  static bool is_operator(const MathTree& t) { return t.tag == "mo"; }
  static bool is_infix(const std::string& s) {
    static constexpr std::array<std::string_view, 9> kAll{"+", "−", "=", "≤", "≥", "<", ">", "≠", "∗"};
    return std::ranges::find(kAll, s) != kAll.end();
  }
  static const MathTree& first_of(const MathTree& t) {
    return t.tag == "mrow" && !t.children.empty() ? first_of(t.children[0]) : t;
  }
  static bool begins_with_bracket(const MathTree& t) { return first_of(t).text == "("; }
  // What stands in front of an argument: a name, with or without something above or below it.
  static bool is_function(const MathTree& t) {
    const bool marked = t.tag == "msub" || t.tag == "msup" || (t.tag == "mrow" && t.children.size() == 1);
    return t.tag == "mi" ? t.text != "e" : marked && is_function(t.children[0]);
  }
  static bool is_word(const MathTree& t) { return t.tag == "mi" && count_letters(t.text) > 1; }

  std::string joined(const std::vector<MathTree>& parts) const {
    std::string s;
    const MathTree* before = nullptr;  // null at the beginning
    for (const MathTree& t : parts) {
      const std::string text = of(t);
      if (text.empty()) continue;
      if (is_operator(t)) {
        s += around(t.text, before);
      } else {
        if (before) s += between(*before, t);
        s += text;
      }
      before = &t;
    }
    return s;
  }
  // An operator: a minus in front of everything is a sign.
  static std::string around(const std::string& sign, const MathTree* before) {
    if (sign == "⊙" || sign == "·") return "·";
    if (sign == "\u2061") return "";
    if (sign == ",") return ", ";
    const bool is_sign = !before || (is_operator(*before) && before->text != ")" && before->text != "]");
    return is_infix(sign) && !is_sign ? " " + sign + " " : sign;
  }
  // Of an operand and what stands in front: a product, unless that is an operator, a function or a sum.
  static std::string between(const MathTree& a, const MathTree& b) {
    if (is_operator(a)) return a.text == "\u2061" && !begins_with_bracket(b) ? " " : "";
    if (a.tag == "munder") return a.children[0].text == "∑" ? "" : " ";
    if (begins_with_bracket(b) && is_function(a)) return "";
    return is_word(a) ? " " : "·";
  }
  std::string lines(const std::vector<MathTree>& rows) const {
    std::string s;
    for (const MathTree& row : rows) s += (s.empty() ? "" : "; ") + of(row);
    return s;
  }

  const std::function<std::string(int)>& symbol_;
};

// One pair of brackets around everything.
bool is_within(const std::string& s, char open, char close) {
  if (!s.starts_with(open) || !s.ends_with(close)) return false;
  int depth = 0;
  for (std::size_t i = 0; i + 1 < s.size(); ++i) {
    depth += (s[i] == open) - (s[i] == close);
    if (depth == 0) return false;
  }
  return true;
}

}  // namespace

std::string as_operand(const std::string& text) {
  return has_operator(text, {" ", "+", "−", "·", "/"}) ? bracketed(text) : text;
}

std::size_t count_letters(const std::string& text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string plain_formula(const std::string& math, const std::function<std::string(int)>& symbol) {
  const std::string s = Line(symbol).of(math_tree(math));
  const bool is_condition = is_within(s, '[', ']');
  if (!is_condition && !is_within(s, '(', ')')) return s;
  const std::string inside = s.substr(1, s.size() - 2);
  return is_condition ? "1 where " + inside + ", else 0" : inside;
}

}  // namespace xgrad::viz
