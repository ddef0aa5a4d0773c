#include "explorer/latex.hpp"

#include <algorithm>
#include <map>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace xgrad::viz {
namespace {

std::string replaced(std::string s, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = s.find(from, at)) != std::string::npos; at += to.size())
    s.replace(at, from.size(), to);
  return s;
}

std::string plain(std::string s) {
  for (const auto& [from, to] :
       {std::pair("&lt;", "<"), {"&gt;", ">"}, {"&quot;", "\""}, {"&#39;", "'"}, {"&amp;", "&"}})
    s = replaced(std::move(s), from, to);
  return s;
}
std::string escaped(const std::string& text) {
  std::string s;
  for (const char c : plain(text)) {
    if (std::string_view("\\{}$&#^_%~`\n").find(c) == std::string_view::npos)
      s += c;
    else
      s += c == '_' ? "\\_" : " ";
  }
  return replaced(replaced(std::move(s), "−", "-"), "∞", "\\infty ");
}

std::string sign(const std::string& s) {
  static const std::map<std::string, const char*> all{{"⊤", "\\top"},
                                                      {"·", "\\,"},
                                                      {"⊙", "\\odot "},
                                                      {"∑", "\\sum"},
                                                      {"∂", "\\partial "},
                                                      {"∗", "\\ast "},
                                                      {"−", "-"},
                                                      {"…", "\\dots"},
                                                      {"&gt;", ">"},
                                                      {"≤", "\\leq "},
                                                      {"&#x2061;", ""},
                                                      {"≥", "\\geq "},
                                                      {"&lt;", "<"},
                                                      {"≠", "\\neq "},
                                                      {"∏", "\\prod"},
                                                      {"⌊", "\\lfloor "},
                                                      {"⌋", "\\rfloor "},
                                                      {"⌈", "\\lceil "},
                                                      {"⌉", "\\rceil "},
                                                      {"‖", "\\|"},
                                                      {"min", "\\min"},
                                                      {"max", "\\max"},
                                                      {"mean", "\\operatorname{mean}"}};
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

// Reads the elements that math.cpp writes; each has its children as LaTeX.
class LatexReader {
 public:
  LatexReader(const std::string& s, const std::function<std::string(int)>& symbol, const std::string& loss)
      : s_(s), symbol_(symbol), loss_(loss) {}

  // Up to the end of the element, which is passed.
  std::vector<std::string> children() {
    std::vector<std::string> all;
    while (at_ < s_.size()) {
      if (s_[at_] == '{') {
        all.push_back(place());
      } else if (s_[at_] != '<') {
        all.push_back(text());
      } else if (s_[at_ + 1] == '/') {
        at_ = s_.find('>', at_) + 1;
        break;
      } else {
        all.push_back(element());
      }
    }
    return all;
  }

 private:
  std::string text() {
    const std::size_t end = std::min(s_.find('<', at_), s_.size());
    const std::string t = s_.substr(at_, end - at_);
    at_ = end;
    return t;
  }
  std::string place() {
    const std::size_t end = s_.find('}', at_);
    const bool gradient = s_[at_ + 1] == 'd';
    const int node = std::stoi(s_.substr(at_ + (gradient ? 3 : 2)));
    at_ = end + 1;
    return gradient ? fmt::format("\\frac{{\\partial {}}}{{\\partial {}}}", loss_, symbol_(node)) : symbol_(node);
  }
  std::string element() {
    const std::size_t end = s_.find('>', at_);
    const std::string tag = s_.substr(at_ + 1, std::min(s_.find(' ', at_), end) - at_ - 1);
    at_ = end + 1;
    const bool leaf = tag == "mi" || tag == "mn" || tag == "mo" || tag == "mtext";
    if (leaf) {
      const std::string t = text();
      at_ = s_.find('>', at_) + 1;
      return tag == "mo" ? sign(t) : tag == "mi" ? name(t) : tag == "mtext" ? "\\text{" + escaped(t) + "}" : escaped(t);
    }
    const std::vector<std::string> c = children();
    if (tag == "mfrac" && c.size() == 2) return fmt::format("\\frac{{{}}}{{{}}}", c[0], c[1]);
    if (tag == "msup" && c.size() == 2) return fmt::format("{{{}}}^{{{}}}", c[0], c[1]);
    if ((tag == "msub" || tag == "munder") && c.size() == 2) return fmt::format("{}_{{{}}}", c[0], c[1]);
    if (tag == "mover" && c.size() == 2 && c[1] == "^") return fmt::format("\\hat{{{}}}", c[0]);
    std::string all;
    for (const std::string& part : c) all += (tag == "mtable" && !all.empty() ? "\\\\" : "") + part;
    if (tag == "mtable") return "\\begin{array}{l}" + all + "\\end{array}";
    return tag == "msqrt" ? "\\sqrt{" + all + "}" : all;
  }

  const std::string& s_;
  const std::function<std::string(int)>& symbol_;
  const std::string& loss_;
  std::size_t at_ = 0;
};

}  // namespace

std::string latex_of(const std::string& math, const std::function<std::string(int)>& symbol, const std::string& loss) {
  std::string all;
  for (const std::string& part : LatexReader(math, symbol, loss).children()) all += part;
  return all;
}

}  // namespace xgrad::viz
