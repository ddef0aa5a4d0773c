// Layers: affine maps, convolutions, pooling, normalisation, attention.
#include <fmt/format.h>

#include "explorer/formulas.hpp"
#include "told.hpp"

namespace xgrad::viz {
namespace {

std::string with_bias(const Arguments& x, const std::string& s) { return row(s, x.has(2) ? mo("+") + x.a[2] : ""); }
OpFormula affine() {
  return {[](const Arguments& x) { return with_bias(x, row(x.a[0], mo("·"), transposed(x.second()))); },
          [](const Arguments& x) { return x.position == 2   ? mn("1")
                                          : x.position == 0 ? x.second()
                                                            : x.a[0]; }};
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
struct Normalised {
  Normalised(const Arguments& x, const char* of)
      : running(!x.told("training", true) || !x.told("use_input_stats", true)) {
    const std::string mark = running ? "running" : of;
    const auto statistic = [&](const char* letter) {
      return mark.empty() ? mi(letter) : indexed(mi(letter), mtext(mark));
    };
    deviation = root_of(row(squared(statistic("σ")), mo("+"), mn(fmt::format("{:g}", x.told("eps", 0.0)))));
    value = fraction(x.a[0] + mo("−") + statistic("μ"), deviation);
  }
  bool running;
  std::string deviation, value;
};
// How many numbers have one mean.
std::int64_t numbers_of_mean(const Arguments& x) {
  const std::string& op = x.op->known_op;
  const std::int64_t all = x.in.numel();
  if (op == "batch_norm") return all / x.in[1];
  if (op == "instance_norm") return all / (x.in[0] * x.in[1]);
  if (op == "group_norm") return all / (x.in[0] * x.told<std::int64_t>("num_groups", 1));
  std::int64_t n = 1;
  for (const std::int64_t d : x.told("normalized_shape", std::vector<std::int64_t>{})) n *= d;
  return n;
}
// Of numbers i and j with one mean: it and the deviation depend on all of them, unless they are those kept from
// training.
std::string normalised_slope(const Arguments& x, const char* of) {
  const Normalised n(x, of);
  if (x.position == 2) return mn("1");
  if (x.position == 1) return n.value;
  const std::string i = x.index("i"), j = x.index("j"), scaled = with_hat("x");
  if (n.running) return fraction(x.has(1) ? x.a[1] : mn("1"), n.deviation);
  const bool weight_of_number = x.op->known_op == "layer_norm" || x.op->known_op == "group_norm";
  const std::string weight = !x.has(1) ? mn("1") : weight_of_number ? indexed(x.a[1], i) : x.a[1];
  const std::string shared = row(mn("1"), mo("+"), indexed(scaled, i), indexed(scaled, j));
  return row(fraction(weight, n.deviation),
             in_brackets(row(indicator(i, "=", j), mo("−"), fraction(shared, mn(std::to_string(numbers_of_mean(x)))))),
             mo(","), scaled, mo("="), n.value);
}
OpFormula normalised(const char* of) {
  return {[of](const Arguments& x) {
            const std::string value = Normalised(x, of).value;
            return row(x.has(1) ? x.a[1] + mo("⊙") : "", value, x.has(2) ? mo("+") + x.a[2] : "");
          },
          [of](const Arguments& x) { return normalised_slope(x, of); }};
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
// The shares that each query gives to the values.
std::string attention_weights(const Arguments& x) {
  const double scale = x.told("scale", 1.0);
  std::string scores = row(mn(scale), x.a[0], mo("·"), transposed(x.operand(1)));
  if (x.has(3)) scores += mo("+") + x.a[3];
  const bool causal = x.told("is_causal", false);
  const std::string softmax = causal ? indexed(mi("softmax"), mtext("causal")) : mi("softmax");
  const double p = x.told("dropout_p", 0.0);
  const std::string shares = applied(softmax, scores);
  return p == 0 ? shares : applied(indexed(mi("dropout"), mn(p)), shares);
}
std::string attention(const Arguments& x) { return row(attention_weights(x), mo("·"), x.operand(2)); }
// Row i of the result by row j of q, k or v, or by number (i, j) of the mask; P are the weights.
std::string attention_slope(const Arguments& x) {
  if (x.told("dropout_p", 0.0) != 0) return "";
  const std::string i = x.index("i"), j = x.index("j"), m = x.index("m"), scale = mn(x.told("scale", 1.0)), p = mi("P");
  const auto share = [&](const std::string& to) { return indexed(p, row(i, to)); };
  const auto apart = [&](const std::string& of) {
    return in_brackets(row(indexed(x.operand(2), of), mo("−"), indexed(x.y, i)));
  };
  std::string slope = share(j);
  if (x.position == 0)
    slope =
        row(indicator(i, "=", j), scale, sum_over(m, row(share(m), apart(m), transposed(indexed(x.operand(1), m)))));
  if (x.position == 1) slope = row(scale, share(j), apart(j), transposed(indexed(x.a[0], i)));
  if (x.position == 3) slope = row(share(j), apart(j));
  return row(slope, mo(","), p, mo("="), attention_weights(x));
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
      {"scaled_dot_product_attention", {attention, attention_slope}},
  });
}

}  // namespace xgrad::viz
