#include "explorer/math_tree.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace xgrad::viz {
namespace {

std::string without_escapes(std::string s) {
  constexpr std::pair<std::string_view, std::string_view> kEscapes[] = {
      {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&#39;", "'"}, {"&#x2061;", "\u2061"}, {"&amp;", "&"}};
  for (const auto& [from, to] : kEscapes)
    for (std::size_t at = 0; (at = s.find(from, at)) != std::string::npos; at += to.size())
      s.replace(at, from.size(), to);
  return s;
}

class Reader {
 public:
  explicit Reader(const std::string& s) : s_(s) {}

  // Up to the end of the element, which is passed.
  std::vector<MathTree> children() {
    std::vector<MathTree> all;
    while (at_ < s_.size()) {
      if (s_[at_] == '{') {
        all.push_back(place());
      } else if (s_[at_] != '<') {
        all.push_back({"mtext", text(), -1, {}});
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
    std::string t = s_.substr(at_, end - at_);
    at_ = end;
    return without_escapes(std::move(t));
  }
  MathTree place() {
    const std::size_t end = s_.find('}', at_);
    const bool gradient = s_[at_ + 1] == 'd';
    MathTree t{gradient ? "dn" : "n", "", std::stoi(s_.substr(at_ + (gradient ? 3 : 2))), {}};
    at_ = end + 1;
    return t;
  }
  MathTree element() {
    const std::size_t end = s_.find('>', at_);
    MathTree t;
    t.tag = s_.substr(at_ + 1, std::min(s_.find(' ', at_), end) - at_ - 1);
    at_ = end + 1;
    if (t.is_leaf()) {
      t.text = text();
      at_ = s_.find('>', at_) + 1;
    } else {
      t.children = children();
    }
    return t;
  }

  const std::string& s_;
  std::size_t at_ = 0;
};

}  // namespace

MathTree math_tree(const std::string& math) { return {"mrow", "", -1, Reader(math).children()}; }

}  // namespace xgrad::viz
