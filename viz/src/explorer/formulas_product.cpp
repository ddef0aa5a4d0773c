// Products and functions of matrices.
#include "explorer/formulas.hpp"

namespace xgrad::viz {
namespace {

std::string inverse(const std::string& a) { return power(a, mn("-1")); }
// A^-1 B, or B A^-1.
OpFormula solution() {
  return {[](const Arguments& x) {
            const std::string a = inverse(x.a[0]);
            return x.told("left", true) ? row(a, mo("·"), x.operand(1)) : row(x.operand(1), mo("·"), a);
          },
          nullptr};
}
OpFormula lower_or_upper(const char* name) {
  return {[name](const Arguments& x) {
            const std::int64_t k = x.told<std::int64_t>("diagonal", 0);
            const std::string f = k == 0 ? mi(name) : indexed(mi(name), mn(static_cast<double>(k)));
            return applied(f, x.a[0]);
          },
          nullptr};
}
OpFormula of_matrix(Formula f) { return {std::move(f), nullptr}; }

}  // namespace

void add_product_formulas(OpFormulas& all) {
  const auto factor = [](const Arguments& x) { return x.position == 0 ? x.second() : x.a[0]; };
  for (const char* name : {"matmul", "mm", "bmm", "mv", "dot"}) all[name] = {infix("·"), factor};
  all.merge(OpFormulas{
      {"outer", of_matrix([](const Arguments& x) { return row(x.a[0], mo("·"), transposed(x.second())); })},
      {"inv", of_matrix([](const Arguments& x) { return inverse(x.a[0]); })},
      {"inv_ex", of_matrix([](const Arguments& x) { return inverse(x.a[0]); })},
      {"pinv", of_matrix([](const Arguments& x) { return power(x.a[0], mo("+")); })},
      {"det",
       {[](const Arguments& x) { return call("det", x.a[0]); },
        [](const Arguments& x) { return row(x.y, transposed(inverse(x.a[0]))); }}},
      {"slogdet",
       {[](const Arguments& x) { return log_of(absolute(call("det", x.a[0]))); },
        [](const Arguments& x) { return transposed(inverse(x.a[0])); }}},
      {"matrix_exp", of_matrix([](const Arguments& x) { return exp_of(x.a[0]); })},
      {"solve", solution()},
      {"solve_ex", solution()},
      {"solve_triangular", solution()},
      {"tril", lower_or_upper("tril")},
      {"triu", lower_or_upper("triu")},
      {"cdist", of_matrix([](const Arguments& x) {
         const std::string i = x.index("i"), j = x.index("j");
         const std::string difference = row(indexed(x.a[0], i), mo("−"), indexed(x.operand(1), j));
         return indexed(row(mo("‖"), difference, mo("‖")), x.told_number("p"));
       })},
  });
}

}  // namespace xgrad::viz
