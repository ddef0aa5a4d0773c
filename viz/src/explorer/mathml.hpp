// What formulas are written with: MathML of their parts. latex.cpp reads the same elements.
#pragma once

#include <string>
#include <vector>

namespace xgrad::viz {

std::string mi(const std::string& text);  // a name; the text is escaped
std::string mn(const std::string& text);  // a number, "-1.5" with a minus sign
std::string mn(double v);                 // in at most four digits
std::string mo(const char* sign);
std::string mtext(const std::string& text);

template <class... T>
std::string row(const T&... parts) {
  return "<mrow>" + (std::string() + ... + std::string(parts)) + "</mrow>";
}
std::string in_brackets(const std::string& s);
std::string fraction(const std::string& a, const std::string& b);
std::string power(const std::string& a, const std::string& b);
std::string squared(const std::string& a);
std::string indexed(const std::string& a, const std::string& b);
std::string transposed(const std::string& a);
std::string with_hat(const std::string& name);
std::string root_of(const std::string& a);
std::string call(const std::string& f, const std::string& x);     // f(x), with the name f
std::string applied(const std::string& f, const std::string& x);  // with f in MathML
std::string under(const char* sign, const std::string& below);    // a large sign with something below
std::string absolute(const std::string& a);
std::string exp_of(const std::string& a);
std::string apart();  // the small space between a function and what it is applied to without brackets
std::string log_of(const std::string& a);
std::string sum_over(const std::string& index, const std::string& what);              // index: MathML
std::string indicator(const std::string& a, const char* sign, const std::string& b);  // [a > b]: 1 or 0
std::string positive(const std::string& x);                                           // [x > 0]
std::string not_positive(const std::string& x);                                       // [x ≤ 0]
std::string product(const std::string& a, const std::string& b);                      // a ⊙ b
std::string one_minus(const std::string& a);                                          // (1 − a)
std::string lines(const std::vector<std::string>& all);                               // one below the other

}  // namespace xgrad::viz
