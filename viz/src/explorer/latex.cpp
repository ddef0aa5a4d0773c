#include "explorer/latex.hpp"

#include <map>
#include <string_view>

#include <fmt/format.h>

#include "explorer/math_tree.hpp"

namespace xgrad::viz {
namespace {

std::string replaced(std::string s, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = s.find(from, at)) != std::string::npos; at += to.size())
    s.replace(at, from.size(), to);
  return s;
}

std::string escaped(const std::string& text) {
  std::string s;
  for (const char c : text) {
    if (std::string_view("\\{}$&#^_%~`\n").find(c) == std::string_view::npos)
      s += c;
    else
      s += c == '_' ? "\\_" : " ";
  }
  return replaced(replaced(replaced(std::move(s), "−", "-"), "∞", "\\infty "), "\u00a0", " ");
}

std::string sign(const std::string& s) {
  static const std::map<std::string, const char*> all{
      {"⊤", "\\top"},    {"·", "\\,"},        {"⊙", "\\odot "},
      {"∑", "\\sum"},    {"∂", "\\partial "}, {"∗", "\\ast "},
      {"−", "-"},        {"…", "\\dots"},     {"≤", "\\leq "},
      {"\u2061", ""},    {"≥", "\\geq "},     {"≠", "\\neq "},
      {"∏", "\\prod"},   {"⌊", "\\lfloor "},  {"⌋", "\\rfloor "},
      {"⌈", "\\lceil "}, {"⌉", "\\rceil "},   {"‖", "\\|"},
      {"min", "\\min"},  {"max", "\\max"},    {"mean", "\\operatorname{mean}"}};
  const auto known = all.find(s);
  return known == all.end() ? s : known->second;
}
std::string name(const std::string& s) {
  static const std::map<std::string, const char*> greek{
      {"γ", "\\gamma"}, {"μ", "\\mu"}, {"σ", "\\sigma"},  {"ε", "\\varepsilon"}, {"β", "\\beta"}, {"δ", "\\delta"},
      {"Φ", "\\Phi"},   {"π", "\\pi"}, {"φ", "\\varphi"}, {"ψ", "\\psi"},        {"Γ", "\\Gamma"}};
  if (const auto known = greek.find(s); known != greek.end()) return known->second;
  const bool letter = s.size() == 1;
  return letter ? escaped(s) : fmt::format("\\mathrm{{{}}}", replaced(escaped(s), " ", "\\ "));
}

class Latex {
 public:
  Latex(const std::function<std::string(int)>& symbol, const std::string& loss) : symbol_(symbol), loss_(loss) {}

  std::string of(const MathTree& t) const {
    if (t.tag == "n") return symbol_(t.node);
    if (t.tag == "dn") return fmt::format("\\frac{{\\partial {}}}{{\\partial {}}}", loss_, symbol_(t.node));
    if (t.tag == "mo") return sign(t.text);
    if (t.tag == "mi") return name(t.text);
    if (t.tag == "mtext") return "\\text{" + escaped(t.text) + "}";
    if (t.tag == "mn") return escaped(t.text);
    if (t.children.size() == 2) {
      const std::string a = of(t.children[0]), b = of(t.children[1]);
      if (t.tag == "mfrac") return fmt::format("\\frac{{{}}}{{{}}}", a, b);
      if (t.tag == "msup") return fmt::format("{{{}}}^{{{}}}", a, b);
      if (t.tag == "msub" || t.tag == "munder") return fmt::format("{}_{{{}}}", a, b);
      if (t.tag == "mover" && b == "^") return fmt::format("\\hat{{{}}}", a);
    }
    std::string all;
    for (const MathTree& part : t.children) all += (t.tag == "mtable" && !all.empty() ? "\\\\" : "") + of(part);
    if (t.tag == "mtable") return "\\begin{array}{l}" + all + "\\end{array}";
    return t.tag == "msqrt" ? "\\sqrt{" + all + "}" : all;
  }

 private:
  const std::function<std::string(int)>& symbol_;
  const std::string& loss_;
};

}  // namespace

std::string latex_of(const std::string& math, const std::function<std::string(int)>& symbol, const std::string& loss) {
  return Latex(symbol, loss).of(math_tree(math));
}

}  // namespace xgrad::viz
