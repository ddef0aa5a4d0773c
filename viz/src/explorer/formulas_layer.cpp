// Layers: affine maps, convolutions, pooling, normalisation, recurrent cells, attention.
#include <fmt/format.h>

#include "explorer/formulas.hpp"
#include "told.hpp"

namespace xgrad::viz {
namespace {

std::string with_bias(const Arguments& x, const std::string& s) { return row(s, x.has(2) ? mo("+") + x.a[2] : ""); }
OpFormula affine() {
  return {[](const Arguments& x) { return with_bias(x, row(x.a[0], mo("·"), transposed(x.second()))); }, nullptr};
}
// The star says how the window moves.
OpFormula convolution(bool back) {
  return {[back](const Arguments& x) {
            const std::string sign = back ? transposed(mo("∗")) : mo("∗");
            const std::string moves = x.op->attributes ? moves_of(*x.op->attributes) : "";
            return with_bias(x, row(x.a[0], moves.empty() ? sign : indexed(sign, mtext(moves)), x.second()));
          },
          nullptr};
}
OpFormula window(const char* what) {
  return {[what](const Arguments& x) {
            const std::string size = x.op->told.empty() ? "" : " " + x.op->told;
            return row(under(what, mtext("window" + size)), x.a[0]);
          },
          nullptr};
}

// ---- normalisation ----
// The names of mean and variance say of what they are.
OpFormula normalised(const char* of) {
  return {[of](const Arguments& x) {
            const bool running = !x.told("training", true) || !x.told("use_input_stats", true);
            const std::string mark = running ? "running" : of;
            const auto statistic = [&](const char* letter) {
              return mark.empty() ? mi(letter) : indexed(mi(letter), mtext(mark));
            };
            const std::string centred = x.a[0] + mo("−") + statistic("μ");
            const std::string eps = mn(fmt::format("{:g}", x.told("eps", 0.0)));
            const std::string divided = fraction(centred, root_of(row(squared(statistic("σ")), mo("+"), eps)));
            return row(x.has(1) ? x.a[1] + mo("⊙") : "", divided, x.has(2) ? mo("+") + x.a[2] : "");
          },
          [](const Arguments& x) { return x.position == 2 ? mn("1") : std::string(); }};
}

// ---- dropout, embedding, attention ----
// 0 or 1 of each number, by chance; then what is left is scaled up.
std::string kept(const Arguments& x) {
  const double p = x.told("p", 0.5);
  return p >= 1 ? mn("0") : fraction(mi("mask"), row(mn("1"), mo("−"), mn(p)));
}
std::string bag(const Arguments& x) {
  const bool mean = x.told<std::string>("mode", "sum") == "mean";
  return row(under(mean ? "mean" : "∑", mtext("bag")), indexed(x.a[0], x.second()));
}
std::string attention(const Arguments& x) {
  const double scale = x.told("scale", 1.0);
  std::string scores = row(mn(scale), x.a[0], mo("·"), transposed(x.operand(1)));
  if (x.has(3)) scores += mo("+") + x.a[3];
  const bool causal = x.told("is_causal", false);
  const std::string softmax = causal ? indexed(mi("softmax"), mtext("causal")) : mi("softmax");
  const double p = x.told("dropout_p", 0.0);
  const std::string shares = applied(softmax, scores);
  return row(p == 0 ? shares : applied(indexed(mi("dropout"), mn(p)), shares), mo("·"), x.operand(2));
}

// ---- recurrent cells ----
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
OpFormula simple_cell(const char* activation) {
  return {[activation](const Arguments& x) {
            const Cell c(x);
            const std::string value = call(activation, sum_of_both(c));
            return c.step ? value : lines({state_name(c), c.equals("h", value)});
          },
          nullptr};
}
std::string lstm(const Arguments& x) {
  const Cell c(x);
  const auto gate = [](const char* letter) { return call("σ", mi(letter)); };
  return lines(
      {state_name(c), c.equals("h", product(gate("o"), call("tanh", c.at("c")))),
       c.equals("c", row(product(gate("f"), c.cell_before()), mo("+"), product(gate("i"), call("tanh", mi("g"))))),
       row(mo("("), mi("i"), mo(","), mi("f"), mo(","), mi("g"), mo(","), mi("o"), mo(")"), mo("="), sum_of_both(c))});
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

}  // namespace

void add_layer_formulas(OpFormulas& all) {
  for (const char* name : {"conv1d", "conv2d", "conv3d"}) all[name] = convolution(false);
  for (const char* name : {"conv_transpose1d", "conv_transpose2d", "conv_transpose3d"}) all[name] = convolution(true);
  for (const char* d : {"1d", "2d", "3d"})
    for (const char* kind : {"", "adaptive_"}) {
      all[std::string(kind) + "max_pool" + d] = window("max");
      all[std::string(kind) + "avg_pool" + d] = window("mean");
    }
  all.merge(OpFormulas{
      {"linear", affine()},
      {"batch_norm", normalised("")},
      {"layer_norm", normalised("")},
      {"group_norm", normalised("group")},
      {"instance_norm", normalised("map")},
      {"dropout", {[](const Arguments& x) { return product(kept(x), x.a[0]); }, kept}},
      {"embedding", {[](const Arguments& x) { return indexed(x.a[0], x.second()); }, nullptr}},
      {"embedding_bag", {bag, nullptr}},
      {"scaled_dot_product_attention", {attention, nullptr}},
      {"lstm", {lstm, nullptr}},
      {"lstm_cell", {lstm, nullptr}},
      {"gru", {gru, nullptr}},
      {"gru_cell", {gru, nullptr}},
      {"rnn_tanh", simple_cell("tanh")},
      {"rnn_tanh_cell", simple_cell("tanh")},
      {"rnn_relu", simple_cell("relu")},
      {"rnn_relu_cell", simple_cell("relu")},
  });
}

}  // namespace xgrad::viz
