#include "explorer/mathml.hpp"

#include <cmath>

#include <fmt/format.h>

#include <xgrad/detail/html_page.hpp>

#include "told.hpp"

namespace xgrad::viz {
namespace {

std::string element(const char* name, const std::string& content) {
  return fmt::format("<{0}>{1}</{0}>", name, content);
}

}  // namespace

std::string mi(const std::string& text) { return element("mi", xgrad::detail::html_text(text)); }
std::string mn(const std::string& text) {
  const std::string s = xgrad::detail::html_text(text);
  return element("mn", s.starts_with('-') ? "−" + s.substr(1) : s);
}
std::string mn(double v) { return element("mn", std::isinf(v) ? v > 0 ? "∞" : "−∞" : few_digits(v)); }
std::string mo(const char* sign) { return element("mo", sign); }
std::string mtext(const std::string& text) { return element("mtext", xgrad::detail::html_text(text)); }

std::string in_brackets(const std::string& s) { return row(mo("("), s, mo(")")); }
std::string fraction(const std::string& a, const std::string& b) { return element("mfrac", row(a) + row(b)); }
std::string power(const std::string& a, const std::string& b) { return element("msup", row(a) + row(b)); }
std::string squared(const std::string& a) { return power(a, mn("2")); }
std::string indexed(const std::string& a, const std::string& b) { return element("msub", row(a) + row(b)); }
std::string transposed(const std::string& a) { return power(a, mo("⊤")); }
std::string with_hat(const std::string& name) { return element("mover", mi(name) + mo("^")); }
std::string root_of(const std::string& a) { return element("msqrt", a); }
std::string call(const std::string& f, const std::string& x) { return row(mi(f), in_brackets(x)); }
std::string applied(const std::string& f, const std::string& x) { return row(f, in_brackets(x)); }
std::string under(const char* sign, const std::string& below) { return element("munder", mo(sign) + below); }
std::string absolute(const std::string& a) { return row(mo("|"), a, mo("|")); }
std::string exp_of(const std::string& a) { return power(mi("e"), a); }
std::string log_of(const std::string& a) { return row(mi("log"), apart(), a); }
std::string apart() { return R"(<mo lspace="0" rspace="0.17em">&#x2061;</mo>)"; }
std::string sum_over(const std::string& index, const std::string& what) { return row(under("∑", index), what); }
std::string indicator(const std::string& a, const char* sign, const std::string& b) {
  return row(mo("["), a, mo(sign), b, mo("]"));
}
std::string positive(const std::string& x) { return indicator(x, "&gt;", mn("0")); }
std::string not_positive(const std::string& x) { return indicator(x, "≤", mn("0")); }
std::string product(const std::string& a, const std::string& b) { return row(a, mo("⊙"), b); }
std::string one_minus(const std::string& a) { return in_brackets(row(mn("1"), mo("−"), a)); }
std::string lines(const std::vector<std::string>& all) {
  std::string rows;
  for (const std::string& line : all) rows += element("mtr", element("mtd", row(line)));
  return element("mtable", rows);
}

}  // namespace xgrad::viz
