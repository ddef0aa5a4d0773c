// Recurrent layers and their cells.
#include <string_view>

#include "explorer/formulas.hpp"

namespace xgrad::viz {
namespace {

// Inputs: x, h, c, weight_ih, weight_hh, bias_ih, bias_hh.
struct Cell {
  explicit Cell(const Arguments& x) : args(x), step(x.op->known_op.ends_with("_cell")) {
    t = x.index("t");
    before = step ? x.has(1) ? x.a[1] : mn("0") : indexed(mi("h"), row(t, mo(back() ? "+" : "−"), mn("1")));
  }
  const Arguments& args;
  bool step;  // one cell: the state before is an input
  std::string t, before;

  bool back() const { return args.told("reverse", false); }
  std::string at(const char* letter) const { return step ? mi(letter) : indexed(mi(letter), t); }
  std::string input() const { return step ? args.a[0] : indexed(args.a[0], t); }
  std::string cell_before() const {
    if (step) return args.has(2) ? args.a[2] : mn("0");
    return indexed(mi("c"), row(t, mo(back() ? "+" : "−"), mn("1")));
  }
  std::string bias(std::size_t i) const { return args.has(i) ? mo("+") + args.a[i] : ""; }
  std::string of_input() const { return row(input(), mo("·"), transposed(args.operand(3)), bias(5)); }
  std::string of_state() const { return row(before, mo("·"), transposed(args.operand(4)), bias(6)); }
  std::string equals(const char* letter, const std::string& what) const { return row(at(letter), mo("="), what); }
};
std::string sum_of_both(const Cell& c) { return row(c.of_input(), mo("+"), c.of_state()); }
std::string state_name(const Cell& c) {
  return c.step ? mi("h") : row(mo("("), indexed(mi("h"), mn("1")), mo(","), mo("…"), mo(")"));
}
// Of one step, h_i by number j of an input: the slope of the activation at h_i times that of the sum.
std::string simple_cell_slope(const Arguments& x, bool relu) {
  const Cell c(x);
  if (!c.step) return "";
  const std::string i = x.index("i"), j = x.index("j"), k = x.index("k"), h = indexed(x.y, i);
  const std::string slope = relu ? positive(h) : one_minus(squared(h));
  switch (x.position) {
    case 0:
      return row(slope, indexed(x.operand(3), row(i, j)));
    case 1:
      return row(slope, indexed(x.operand(4), row(i, j)));
    case 3:  // by number (k, j) of a weight
      return row(slope, indicator(i, "=", k), indexed(x.a[0], j));
    case 4:
      return row(slope, indicator(i, "=", k), x.has(1) ? indexed(x.a[1], j) : mn("0"));
    default:
      return row(slope, indicator(i, "=", j));
  }
}
OpFormula simple_cell(const char* activation) {
  return {[activation](const Arguments& x) {
            const Cell c(x);
            const std::string value = call(activation, sum_of_both(c));
            return c.step ? value : lines({state_name(c), c.equals("h", value)});
          },
          [relu = std::string_view(activation) == "relu"](const Arguments& x) { return simple_cell_slope(x, relu); }};
}

// The slope of one step with gates. G^k is the derivative of the new state by the argument of gate k: number n of the
// state depends on number n of each gate. R^k is the same on the way from the state before.
class GateSlope {
 public:
  explicit GateSlope(const Arguments& x) : x_(x) {
    Arguments free = x;
    const auto take = [&free](const char* wanted) {
      std::string index = free.index(wanted);
      for (const char* letter : {"n", "k", "i", "j", "m", "q", "r", "s", "u", "v"})
        if (index == mi(letter)) free.names.insert(letter);
      return index;
    };
    n_ = take("i"), j_ = take("j"), k_ = take("k"), m_ = take("m");
  }

  // Number n of the new state by number j of what the step reads, or by number (m, j) of gate k's rows of a weight, or
  // by number m of its part of a bias. from_state: "R" where that differs from G.
  std::string by(const char* from_state) const {
    const bool of_state = x_.position == 1 || x_.position == 4 || x_.position == 6;
    const std::string g = indexed(power(mi(of_state ? from_state : "G"), k_), n_);
    if (x_.position < 2) return sum_over(k_, row(g, indexed(power(x_.operand(x_.position + 3), k_), row(n_, j_))));
    const std::string own = row(g, indicator(n_, "=", m_));
    if (x_.position > 4) return own;
    const std::size_t read = x_.position - 3;
    return row(own, x_.has(read) ? indexed(x_.a[read], j_) : mn("0"));
  }
  // [n = j] of what goes straight from the state before into the new one.
  std::string straight(const std::string& factor) const { return row(indexed(factor, n_), indicator(n_, "=", j_)); }

 private:
  const Arguments& x_;
  std::string n_, j_, k_, m_;
};
std::string gate(const char* k) { return power(mi("G"), mi(k)); }
std::string defined(const std::string& what, const std::string& as) { return row(what, mo("="), as); }
std::string slope_of_sigmoid(const std::string& y) { return product(y, one_minus(y)); }

std::string lstm(const Arguments& x) {
  const Cell c(x);
  const auto gate = [](const char* letter) { return call("σ", mi(letter)); };
  return lines(
      {state_name(c), c.equals("h", product(gate("o"), call("tanh", c.at("c")))),
       c.equals("c", row(product(gate("f"), c.cell_before()), mo("+"), product(gate("i"), call("tanh", mi("g"))))),
       row(mo("("), mi("i"), mo(","), mi("f"), mo(","), mi("g"), mo(","), mi("o"), mo(")"), mo("="), sum_of_both(c))});
}
// h by c: D. The gates are those of the formula, before their sigmoids.
std::string lstm_slope(const Arguments& x) {
  const Cell c(x);
  if (!c.step) return "";
  const auto opened = [](const char* letter) { return call("σ", mi(letter)); };
  const std::string tanh_c = call("tanh", mi("c")), tanh_g = call("tanh", mi("g")), d = mi("D");
  const std::string by_cell = defined(d, product(opened("o"), one_minus(squared(tanh_c))));
  if (x.position == 2) return lines({product(d, opened("f")), by_cell});
  return lines({GateSlope(x).by("G"), defined(gate("o"), product(tanh_c, slope_of_sigmoid(opened("o")))),
                defined(gate("f"), row(d, mo("⊙"), c.cell_before(), mo("⊙"), slope_of_sigmoid(opened("f")))),
                defined(gate("i"), row(d, mo("⊙"), tanh_g, mo("⊙"), slope_of_sigmoid(opened("i")))),
                defined(gate("g"), row(d, mo("⊙"), opened("i"), mo("⊙"), one_minus(squared(tanh_g)))), by_cell});
}
// PyTorch's form: the reset gate is on the product with the state.
std::string gru(const Arguments& x) {
  const Cell c(x);
  const auto parts = [](const char* mark) {
    return row(mo("("), power(mi("r"), mi(mark)), mo(","), power(mi("z"), mi(mark)), mo(","), power(mi("n"), mi(mark)),
               mo(")"));
  };
  const auto both = [](const char* letter) {
    return row(power(mi(letter), mi("x")), mo("+"), power(mi(letter), mi("h")));
  };
  const auto opened = [&](const char* letter) { return call("σ", both(letter)); };
  return lines({state_name(c),
                c.equals("h", row(product(one_minus(mi("z")), mi("n")), mo("+"), product(mi("z"), c.before))),
                row(mi("n"), mo("="),
                    call("tanh", row(power(mi("n"), mi("x")), mo("+"), mi("r"), mo("⊙"), power(mi("n"), mi("h"))))),
                row(mi("r"), mo("="), opened("r"), mo(","), mi("z"), mo("="), opened("z")),
                row(parts("x"), mo("="), c.of_input(), mo(","), parts("h"), mo("="), c.of_state())});
}
// The gates are those of the formula: z and r behind their sigmoids, n behind its tanh.
std::string gru_slope(const Arguments& x) {
  const Cell c(x);
  if (!c.step) return "";
  const GateSlope slope(x);
  const std::string kept = x.position == 1 ? slope.straight(mi("z")) + mo("+") : "";
  std::vector<std::string> all{
      row(kept, slope.by("R")), defined(gate("n"), product(one_minus(mi("z")), one_minus(squared(mi("n"))))),
      defined(gate("z"), product(in_brackets(row(c.before, mo("−"), mi("n"))), slope_of_sigmoid(mi("z")))),
      defined(gate("r"), row(gate("n"), mo("⊙"), power(mi("n"), mi("h")), mo("⊙"), slope_of_sigmoid(mi("r"))))};
  if (x.position == 1 || x.position == 4 || x.position == 6) {
    const auto r = [](const char* k) { return power(mi("R"), mi(k)); };
    all.push_back(row(defined(r("n"), product(mi("r"), gate("n"))), mo(","), defined(r("z"), gate("z")), mo(","),
                      defined(r("r"), gate("r"))));
  }
  return lines(all);
}

}  // namespace

void add_recurrent_formulas(OpFormulas& all) {
  all.merge(OpFormulas{
      {"lstm", {lstm, lstm_slope}},
      {"lstm_cell", {lstm, lstm_slope}},
      {"gru", {gru, gru_slope}},
      {"gru_cell", {gru, gru_slope}},
      {"rnn_tanh", simple_cell("tanh")},
      {"rnn_tanh_cell", simple_cell("tanh")},
      {"rnn_relu", simple_cell("relu")},
      {"rnn_relu_cell", simple_cell("relu")},
  });
}

}  // namespace xgrad::viz
