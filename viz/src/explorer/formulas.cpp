#include "explorer/formulas.hpp"

#include <array>

#include <fmt/format.h>

namespace xgrad::viz {

std::string Arguments::second() const {
  if (has(1)) return a[1];
  if (number.empty()) return mo("…");
  return number.starts_with('-') ? in_brackets(mn(number)) : mn(number);
}

std::string Arguments::index(const char* letter) const {
  constexpr std::array kOthers{"n", "k", "i", "j", "m", "q", "r", "s", "u", "v"};
  if (!names.contains(letter)) return mi(letter);
  for (const char* other : kOthers)
    if (!names.contains(other)) return mi(other);
  return mi("index");
}

const OpFormula* formula_of(const std::string& op) {
  static const OpFormulas all = [] {
    OpFormulas table;
    for (const auto add :
         {add_arithmetic_formulas, add_elementary_formulas, add_activation_formulas, add_reduction_formulas,
          add_product_formulas, add_layer_formulas, add_recurrent_formulas, add_loss_formulas, add_shape_formulas})
      add(table);
    return table;
  }();
  const auto found = all.find(op);
  return found == all.end() ? nullptr : &found->second;
}

Formula constant(const char* number) {
  return [number](const Arguments&) { return mn(number); };
}
Formula named(const char* name) {
  return [name](const Arguments& x) { return call(name, x.a[0]); };
}
Formula infix(const char* sign) {
  return [sign](const Arguments& x) { return row(x.a[0], mo(sign), x.second()); };
}
std::string mean_of(const std::string& what) { return row(fraction(mn("1"), mi("N")), what); }
std::string dims_text(const std::vector<std::int64_t>& dims) { return fmt::format("dim {}", fmt::join(dims, ", ")); }
std::string with_dim(const char* name, const Arguments& x) {
  const std::int64_t dim = x.dim();
  return dim + 1 >= static_cast<std::int64_t>(x.in.size()) ? mi(name) : indexed(mi(name), mtext(dims_text({dim})));
}

}  // namespace xgrad::viz
