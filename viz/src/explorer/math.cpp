#include "explorer/math.hpp"

#include <algorithm>
#include <functional>
#include <map>

#include <fmt/format.h>

#include <xgrad/detail/html_page.hpp>

#include "heatmap.hpp"
#include "told.hpp"

namespace xgrad::viz {
namespace {

std::string element(const char* name, const std::string& content) {
  return fmt::format("<{0}>{1}</{0}>", name, content);
}
std::string mi(const std::string& text) { return element("mi", xgrad::detail::html_text(text)); }
std::string mn(const std::string& text) { return element("mn", xgrad::detail::html_text(text)); }
std::string mo(const char* sign) { return element("mo", sign); }
template <class... T>
std::string row(const T&... parts) {
  return element("mrow", (std::string() + ... + std::string(parts)));
}
std::string in_brackets(const std::string& s) { return row(mo("("), s, mo(")")); }
std::string fraction(const std::string& a, const std::string& b) { return element("mfrac", row(a) + row(b)); }
std::string power(const std::string& a, const std::string& b) { return element("msup", row(a) + row(b)); }
std::string indexed(const std::string& a, const std::string& b) { return element("msub", row(a) + row(b)); }
std::string transposed(const std::string& a) { return power(a, mo("⊤")); }
std::string root_of(const std::string& a) { return element("msqrt", a); }
std::string call(const std::string& f, const std::string& x) { return row(mi(f), in_brackets(x)); }
std::string sum_over(const char* index, const std::string& what) {
  return row(element("munder", mo("∑") + mi(index)), what);
}
std::string layer_mark(int layer) {
  return R"(<mrow><mo stretchy="false">[</mo>)" + mn(std::to_string(layer)) + R"(<mo stretchy="false">]</mo></mrow>)";
}
std::string place(int node) { return node < 0 ? mo("…") : fmt::format("{{n{}}}", node); }
std::string gradient_place(int node) { return node < 0 ? mo("…") : fmt::format("{{dn{}}}", node); }

const PicNode& whole(const Picture& p, int node) {
  const PicNode& n = p.nodes[static_cast<std::size_t>(node)];
  return n.kind == Kind::ghost ? p.nodes[static_cast<std::size_t>(n.original)] : n;
}

std::vector<std::string> characters(const std::string& s) {
  std::vector<std::string> all;
  for (const char c : s)
    if (all.empty() || (static_cast<unsigned char>(c) & 0xC0) != 0x80)
      all.emplace_back(1, c);
    else
      all.back() += c;
  return all;
}

// "weight" of a module is worth more with the module: the last two parts of a path.
std::string leaf_name(const std::string& title) {
  const auto last = title.rfind('.');
  const auto before = last == std::string::npos || last == 0 ? std::string::npos : title.rfind('.', last - 1);
  return before == std::string::npos ? title : title.substr(before + 1);
}

// What a formula is made of: the inputs ("" for one that was not given), the result, the number of x * 1.5, and what
// the operation was told.
struct Arguments {
  std::vector<std::string> a;
  std::string y, number;
  std::size_t position = 0;
  const PicNode* op = nullptr;
  Shape in;  // of the first input
  bool has(std::size_t i) const { return i < a.size() && !a[i].empty(); }
  std::string second() const { return has(1) ? a[1] : number.empty() ? mi("c") : mn(number); }
  template <class T>
  T told(const char* name, T otherwise) const {
    return op->attributes ? op->attributes->get<T>(name).value_or(otherwise) : otherwise;
  }
  bool has_reduction(const char* kind) const { return told<std::string>("reduction", "mean") == kind; }
  std::string told_number(const char* name) const { return mn(few_digits(told(name, 0.0))); }
};
using Formula = std::function<std::string(const Arguments&)>;

std::string mean_of(const std::string& what) { return row(fraction(mn("1"), mi("N")), what); }
Formula infix(const char* sign) {
  return [sign](const Arguments& x) { return row(x.a[0], mo(sign), x.second()); };
}
// a + α b
Formula weighted_sum(const char* sign) {
  return [sign](const Arguments& x) {
    return row(x.a[0], mo(sign), x.has(1) && !x.number.empty() ? mn(x.number) + mo("·") : "", x.second());
  };
}
Formula product_with_bias(const char* sign, bool turned) {
  return [=](const Arguments& x) {
    const std::string weight = turned ? transposed(x.second()) : x.second();
    return row(x.a[0], mo(sign), weight, x.has(2) ? mo("+") + x.a[2] : "");
  };
}
Formula named(const char* name) {
  return [name](const Arguments& x) { return call(name, x.a[0]); };
}
std::string dims_text(const std::vector<std::int64_t>& dims) { return fmt::format("dim {}", fmt::join(dims, ", ")); }
std::string dims_words(const std::vector<std::int64_t>& dims) {
  return fmt::format("{} {}", dims.size() == 1 ? "dimension" : "dimensions", fmt::join(dims, ", "));
}
// softmax over another dimension than the last one says which.
Formula along_dim(const char* name) {
  return [name](const Arguments& x) {
    const std::int64_t dim = x.told<std::int64_t>("dim", 0);
    if (dim + 1 >= static_cast<std::int64_t>(x.in.size())) return call(name, x.a[0]);
    return row(indexed(mi(name), element("mtext", dims_text({dim}))), in_brackets(x.a[0]));
  };
}

// ---- reductions ----
std::vector<std::int64_t> reduced_dims(const Arguments& x) { return x.told<std::vector<std::int64_t>>("dim", {}); }
bool reduces_all(const Arguments& x) { return reduced_dims(x).size() >= x.in.size(); }
std::string sum_of_input(const Arguments& x) {
  if (reduces_all(x)) return sum_over("i", x.a[0]);
  return row(element("munder", mo("∑") + element("mtext", dims_text(reduced_dims(x)))), x.a[0]);
}
std::string mean_of_input(const Arguments& x) {
  if (reduces_all(x)) return mean_of(sum_over("i", x.a[0]));
  std::int64_t n = 1;
  for (const std::int64_t d : reduced_dims(x)) n *= x.in[d];
  return row(fraction(mn("1"), mn(std::to_string(n))), sum_of_input(x));
}
// Of a loss, from the loss of one element or sample.
std::string reduced(const Arguments& x, const char* index, const std::string& each) {
  if (x.has_reduction("none")) return each;
  return x.has_reduction("sum") ? sum_over(index, each) : mean_of(sum_over(index, each));
}
std::string reduced_slope(const Arguments& x, const std::string& each) {
  return x.has_reduction("mean") ? fraction(each, mi("N")) : each;
}

// ---- activations ----
std::string positive(const std::string& x) { return row(mo("["), x, mo("&gt;"), mn("0"), mo("]")); }
std::string not_positive(const std::string& x) { return row(mo("["), x, mo("≤"), mn("0"), mo("]")); }
std::string leaky_relu(const Arguments& x) {
  return row(indexed(mi("leaky relu"), x.told_number("negative_slope")), in_brackets(x.a[0]));
}
std::string gelu(const Arguments& x) {
  if (x.told<std::string>("approximate", "none") == "none") return row(x.a[0], mo("⊙"), call("Φ", x.a[0]));
  const std::string inner = row(root_of(row(mn("2"), mo("/"), mi("π"))),
                                in_brackets(row(x.a[0], mo("+"), mn("0.044715"), power(x.a[0], mn("3")))));
  return row(fraction(mn("1"), mn("2")), x.a[0], mo("⊙"), in_brackets(row(mn("1"), mo("+"), call("tanh", inner))));
}

// ---- normalisation ----
std::string normalised(const Arguments& x) {
  const bool running = x.op->known_op == "batch_norm" && !x.told("training", true);
  const auto statistic = [&](const char* letter) {
    return running ? indexed(mi(letter), element("mtext", "running")) : mi(letter);
  };
  const std::string centred = x.a[0] + mo("−") + statistic("μ");
  const std::string divided = fraction(centred, root_of(row(power(statistic("σ"), mn("2")), mo("+"), mi("ε"))));
  return row(x.has(1) ? mi("γ") + mo("⊙") : "", divided, x.has(2) ? mo("+") + mi("β") : "");
}
std::string window(const char* what, const Arguments& x) {
  return row(element("munder", mo(what) + mi("window")), x.a[0]);
}

// Of two dimensions, a matrix transposed; else which dimensions.
bool swaps_last_two(const Arguments& x) {
  const auto rank = static_cast<std::int64_t>(x.in.size());
  if (rank < 2) return true;
  if (x.op->known_op == "transpose") {
    const auto [first, second] = std::minmax({x.told<std::int64_t>("dim0", 0), x.told<std::int64_t>("dim1", 0)});
    return first == rank - 2 && second == rank - 1;
  }
  std::vector<std::int64_t> swapped(static_cast<std::size_t>(rank));
  for (std::size_t i = 0; i < swapped.size(); ++i) swapped[i] = static_cast<std::int64_t>(i);
  std::swap(swapped[swapped.size() - 2], swapped.back());
  return x.told<std::vector<std::int64_t>>("dims", {}) == swapped;
}
std::string turned(const Arguments& x) {
  if (swaps_last_two(x)) return transposed(x.a[0]);
  std::vector<std::int64_t> dims = x.told<std::vector<std::int64_t>>("dims", {});
  if (dims.empty()) dims = {x.told<std::int64_t>("dim0", 0), x.told<std::int64_t>("dim1", 0)};
  return row(indexed(mi(x.op->known_op), mn(fmt::format("{}", fmt::join(dims, ", ")))), in_brackets(x.a[0]));
}

// ---- cross entropy ----
// Targets are class indices, which take no gradient, or probabilities, the second input.
struct CrossEntropy {
  explicit CrossEntropy(const Arguments& x)
      : probabilities(!x.op->attributes || !x.op->attributes->find("ignore_index")),
        weighted(!probabilities && x.has(2)),
        smoothing(x.told("label_smoothing", 0.0)),
        softmax(call("softmax", x.a[0])) {
    constexpr std::int64_t kNone = -100;  // the default of the argument
    const std::int64_t ignored = x.told("ignore_index", kNone);
    if (ignored != kNone) counts = row(mo("["), x.second(), mo("≠"), mn(std::to_string(ignored)), mo("]"));
    target = call("onehot", x.second());
    if (smoothing == 0) return;
    const std::string e = mn(few_digits(smoothing));
    target = in_brackets(row(in_brackets(row(mn("1"), mo("−"), e)), target, mo("+"), fraction(e, mi("C"))));
  }
  bool probabilities, weighted;
  double smoothing;
  std::string softmax;
  std::string counts;  // [t ≠ 1], where a class is ignored
  std::string target;  // as a distribution

  // What a sample counts for; "" when all count alike.
  std::string weight(const Arguments& x) const { return counts + (weighted ? indexed(x.a[2], x.second()) : ""); }
  std::string loss(const Arguments& x) const {
    const std::string log_softmax = row(mi("log"), softmax);
    if (probabilities) return row(mo("−"), sum_over("c", row(x.second(), mo("⊙"), log_softmax)));
    const std::string each =
        smoothing == 0
            ? row(weight(x), mi("log"), indexed(softmax, x.second()))
            : row(counts, sum_over("c", row(weighted ? x.a[2] + mo("⊙") : "", target, mo("⊙"), log_softmax)));
    if (!x.has_reduction("mean") || weight(x).empty()) return row(mo("−"), reduced(x, "n", each));
    return row(mo("−"), fraction(sum_over("n", each), sum_over("n", weight(x))));
  }
  // By the scores. "" where no short formula is right.
  std::string slope(const Arguments& x) const {
    if (probabilities) return in_brackets(row(in_brackets(sum_over("c", x.second())), softmax, mo("−"), x.second()));
    if (smoothing != 0 && weighted) return "";
    const std::string difference = row(softmax, mo("−"), target), w = weight(x);
    if (w.empty()) return reduced_slope(x, x.has_reduction("mean") ? difference : in_brackets(difference));
    const std::string each = row(w, in_brackets(difference));
    return x.has_reduction("mean") ? fraction(each, sum_over("n", w)) : each;
  }
};

const std::map<std::string, Formula>& formulas() {
  static const std::map<std::string, Formula> all{
      {"linear", product_with_bias("·", true)},
      {"conv1d", product_with_bias("∗", false)},
      {"conv2d", product_with_bias("∗", false)},
      {"matmul", infix("·")},
      {"mm", infix("·")},
      {"bmm", infix("·")},
      {"mv", infix("·")},
      {"dot", infix("·")},
      {"add", weighted_sum("+")},
      {"sub", weighted_sum("−")},
      {"rsub", [](const Arguments& x) { return row(mn(x.number), mo("−"), x.a[0]); }},
      {"mul", infix("⊙")},
      {"div", infix("/")},
      {"rdiv", [](const Arguments& x) { return row(mn(x.number), mo("/"), x.a[0]); }},
      {"neg", [](const Arguments& x) { return row(mo("−"), x.a[0]); }},
      {"square", [](const Arguments& x) { return power(x.a[0], mn("2")); }},
      {"pow", [](const Arguments& x) { return power(x.a[0], x.second()); }},
      {"sqrt", [](const Arguments& x) { return root_of(x.a[0]); }},
      {"transpose", turned},
      {"permute", turned},
      {"sum", sum_of_input},
      {"mean", mean_of_input},
      {"sigmoid", named("σ")},
      {"softmax", along_dim("softmax")},
      {"log_softmax", along_dim("log softmax")},
      {"leaky_relu", leaky_relu},
      {"gelu", gelu},
      {"mse_loss",
       [](const Arguments& x) {
         return reduced(x, "n", power(in_brackets(row(x.a[0], mo("−"), x.second())), mn("2")));
       }},
      {"l1_loss",
       [](const Arguments& x) { return reduced(x, "n", row(mo("|"), x.a[0], mo("−"), x.second(), mo("|"))); }},
      {"cross_entropy", [](const Arguments& x) { return CrossEntropy(x).loss(x); }},
      {"max_pool2d", [](const Arguments& x) { return window("max", x); }},
      {"avg_pool2d", [](const Arguments& x) { return window("mean", x); }},
      {"embedding", [](const Arguments& x) { return indexed(x.a[0], x.second()); }},
      {"batch_norm", normalised},
      {"layer_norm", normalised},
  };
  return all;
}

// dy/dx in symbols, of the input at x.position; "" where there is no short one.
const std::map<std::string, Formula>& slopes() {
  const auto x0 = [](const Arguments& x) { return x.a[x.position]; };
  static const std::map<std::string, Formula> all{
      {"tanh", [](const Arguments& x) { return in_brackets(row(mn("1"), mo("−"), power(x.y, mn("2")))); }},
      {"sigmoid", [](const Arguments& x) { return row(x.y, mo("⊙"), in_brackets(row(mn("1"), mo("−"), x.y))); }},
      {"exp", [](const Arguments& x) { return x.y; }},
      {"log", [x0](const Arguments& x) { return fraction(mn("1"), x0(x)); }},
      {"square", [x0](const Arguments& x) { return row(mn("2"), x0(x)); }},
      {"sqrt", [](const Arguments& x) { return fraction(mn("1"), mn("2") + x.y); }},
      {"pow",
       [](const Arguments& x) {
         if (x.number.empty()) return std::string();
         const double k = x.told("exponent", 0.0) - 1;
         return row(mn(x.number), k == 1 ? x.a[0] : power(x.a[0], mn(few_digits(k))));
       }},
      {"sin", [x0](const Arguments& x) { return call("cos", x0(x)); }},
      {"cos", [x0](const Arguments& x) { return row(mo("−"), call("sin", x0(x))); }},
      {"relu", [x0](const Arguments& x) { return positive(x0(x)); }},
      {"leaky_relu",
       [x0](const Arguments& x) {
         return in_brackets(row(positive(x0(x)), mo("+"), x.told_number("negative_slope"), not_positive(x0(x))));
       }},
      {"mul", [](const Arguments& x) { return x.position == 0 ? x.second() : x.a[0]; }},
      {"div",
       [](const Arguments& x) {
         return x.position == 0 ? fraction(mn("1"), x.second())
                                : row(mo("−"), fraction(x.a[0], power(x.second(), mn("2"))));
       }},
      {"rdiv", [](const Arguments& x) { return row(mo("−"), fraction(mn(x.number), power(x.a[0], mn("2")))); }},
      {"mse_loss",
       [](const Arguments& x) {
         const std::string other = x.position == 0 ? x.second() : x.a[0];
         return reduced_slope(x, mn("2") + in_brackets(row(x.a[x.position], mo("−"), other)));
       }},
      {"l1_loss",
       [](const Arguments& x) {
         const std::string other = x.position == 0 ? x.second() : x.a[0];
         return reduced_slope(x, call("sign", row(x.a[x.position], mo("−"), other)));
       }},
      {"cross_entropy",
       [](const Arguments& x) {
         const CrossEntropy c(x);
         return x.position == 0 ? c.slope(x) : row(mo("−"), mi("log"), c.softmax);
       }},
  };
  return all;
}

bool is_matmul(const std::string& op) { return op == "matmul" || op == "mm" || op == "bmm"; }

Arguments arguments_of(const Picture& p, int node, const std::vector<int>& inputs, std::size_t position) {
  Arguments x;
  x.op = &whole(p, node);
  for (std::size_t i = 0; i < inputs.size(); ++i)
    x.a.push_back(i < 64 && x.op->absent >> i & 1 ? "" : place(inputs[i]));
  x.in = x.op->first_input;
  x.y = place(node);
  const std::string& number = x.op->number;
  x.number = number.size() > 7 ? short_number(std::stod(number)) : number;
  x.position = position;
  return x;
}

const std::map<std::string, const char*>& words() {
  static const std::map<std::string, const char*> all{
      {"linear",
       "Each row is one sample, each column one unit: a weighted sum of the inputs, plus the bias of the unit."},
      {"matmul", "Each number of the result is a row of the first factor times a column of the second."},
      {"tanh", "The activation, one number at a time: squashed between −1 and 1. Far from 0 it is flat."},
      {"sigmoid", "Squashes each number into (0, 1)."},
      {"relu", "Keeps what is positive, sets the rest to 0."},
      {"conv2d", "A small window slides over the maps; each result is the weighted sum of what is under it."},
      {"max_pool2d", "Of each window only the largest number goes on."},
      {"embedding", "Each index picks its row of the table."},
      {"dropout", "Some numbers are set to 0 by chance, the others are scaled up."},
      {"scaled_dot_product_attention", "Each query mixes the values, by how well it fits the keys."}};
  return all;
}

// Of a loss: how many numbers it gives.
std::string batch_words(const Arguments& x) {
  if (x.has_reduction("none")) return "a number for each sample.";
  return x.has_reduction("sum") ? "the sum over the batch." : "one number for the whole batch.";
}
std::string softmax_words(const Arguments& x) {
  const std::int64_t dim = x.told<std::int64_t>("dim", 0), rank = static_cast<std::int64_t>(x.in.size());
  const std::string slice = dim + 1 >= rank ? "Each row"
                            : rank == 2     ? "Each column"
                                            : fmt::format("Each slice along dimension {}", dim);
  return slice + " becomes probabilities: positive, with sum 1.";
}
std::string reduction_words(const Arguments& x, const char* all, const char* along) {
  return reduces_all(x) ? all : fmt::format("{} {}.", along, dims_words(reduced_dims(x)));
}

// For operations whose words depend on what they were told.
std::string told_words(const Arguments& x) {
  const std::string& op = x.op->known_op;
  if (op == "softmax") return softmax_words(x);
  if (op == "sum") return reduction_words(x, "All numbers are added up.", "The numbers are added up along");
  if (op == "mean") return reduction_words(x, "The mean of all numbers.", "The mean along");
  if (op == "mse_loss")
    return x.has_reduction("mean")
               ? "Mean squared error: one number for the whole batch."
               : "Squared error: " + (x.has_reduction("sum") ? batch_words(x) : "number by number.");
  if (op == "cross_entropy") return "How improbable the true classes are under softmax: " + batch_words(x);
  if (op == "batch_norm")
    return x.told("training", true) ? "Each feature is centred and scaled by the mean and variance of the batch."
                                    : "Each feature is centred and scaled by the mean and variance kept from training.";
  if (op != "add") return "";
  if (!x.has(1)) return "A number is added to every element.";
  return x.number.empty() ? "Sum, element by element; what is smaller is broadcast."
                          : fmt::format("Sum, element by element, of the first and {} times the second.", x.number);
}

}  // namespace

std::string short_name_of(const std::string& name) {
  constexpr std::size_t kMost = 14, kEnd = 6;
  const std::vector<std::string> all = characters(name);
  if (all.size() <= kMost) return name;
  std::string s;
  for (std::size_t i = 0; i < kEnd; ++i) s += all[i];
  s += "…";
  for (std::size_t i = all.size() - kEnd; i < all.size(); ++i) s += all[i];
  return s;
}

std::string symbol_math(const Picture& p, int node) {
  const PicNode& n = whole(p, node);
  if (!n.name.empty()) return mi(short_name_of(n.name));
  if (!n.symbol.empty()) return n.layer ? power(mi(n.symbol), layer_mark(n.layer)) : mi(n.symbol);
  if (n.op < 0) return mi(short_name_of(leaf_name(n.title)));
  return indexed(mi("v"), mn(std::to_string(node)));
}

std::string symbol_text(const Picture& p, int node) {
  if (node < 0) return "…";
  const PicNode& n = whole(p, node);
  if (!n.name.empty()) return n.name;
  if (!n.symbol.empty()) return n.layer ? fmt::format("{}[{}]", n.symbol, n.layer) : n.symbol;
  return n.op < 0 ? n.title : fmt::format("v{}", n.kind == Kind::ghost ? n.original : node);
}

std::string delta_math(const PicNode& n) {
  if (n.symbol != "z") return "";
  return n.layer ? power(mi("δ"), layer_mark(n.layer)) : mi("δ");
}

std::string formula_math(const Picture& p, int node, const std::vector<int>& inputs) {
  const Arguments x = arguments_of(p, node, inputs, 0);
  const auto known = formulas().find(x.op->known_op);
  if (known != formulas().end() && !x.a.empty()) return known->second(x);
  std::string list;
  for (const std::string& a : x.a)
    if (!a.empty()) list += (list.empty() ? "" : mo(",")) + a;
  return call(p.nodes[static_cast<std::size_t>(node)].title, list);
}

std::string slope_math(const Picture& p, int node, const std::vector<int>& inputs, std::size_t position) {
  const Arguments x = arguments_of(p, node, inputs, position);
  const auto known = slopes().find(x.op->known_op);
  const std::string slope = known == slopes().end() ? "" : known->second(x);
  return slope.empty() ? fraction(mo("∂") + x.y, mo("∂") + x.a[position]) : slope;
}

std::optional<Product> expected_product(const tape::OpNode& op, std::size_t position) {
  if (op.op == "linear" && position < 2) return position == 0 ? Product::g_k : Product::gt_k;
  if (is_matmul(op.op)) return position == 0 ? Product::g_k : Product::kt_g;
  return {};
}

std::string known_rule_math(const tape::OpNode& op, const Term& t, const std::vector<int>& inputs, int from, int to,
                            const std::string& slope) {
  const std::string g = gradient_place(from), dot = mo("·"), left = gradient_place(to) + mo("=");
  if (t.elementwise) return left + g + mo("⊙") + slope;
  if (op.op == "linear") {
    if (t.position == 0) return left + g + dot + place(inputs[1]);
    if (t.position == 1) return left + transposed(g) + dot + place(inputs[0]);
    return left + sum_over("uses", g);
  }
  const bool matrices = op.shapes.size() == 1 && op.shapes[0].rank() == 2;
  if (is_matmul(op.op) && matrices && inputs.size() == 2)
    return left + (t.position == 0 ? g + dot + transposed(place(inputs[1])) : transposed(place(inputs[0])) + dot + g);
  return "";
}

std::string chain_rule_math(const LocalDerivative* d, int from, int to, const std::string& slope,
                            const std::string& matrix, std::size_t in_numel) {
  const std::string g = gradient_place(from), dot = mo("·");
  const auto right = [&]() -> std::string {
    if (!d || d->form == Form::general) return sum_over("y", row(g, dot, slope));
    switch (d->form) {
      case Form::zero:
        return mn("0");
      case Form::scaled:
        return mn(short_number(d->factor)) + dot + g;
      case Form::diagonal:
        return g + mo("⊙") + slope;
      case Form::picked:
        if (!d->factors.empty()) return sum_over("uses", row(g, mo("⊙"), slope));
        return std::ranges::max(reads(*d, in_numel)) > 1 ? sum_over("uses", g) : g + element("mtext", " put back");
      case Form::spread:
        if (!d->factors.empty()) return g + dot + slope;
        return d->factor == 1 ? g : g + dot + mn(short_number(d->factor));
      case Form::product:
        switch (d->product) {
          case Product::gt_k:
            return transposed(g) + dot + matrix;
          case Product::kt_g:
            return transposed(matrix) + dot + g;
          case Product::kt_gt:
            return transposed(matrix) + dot + transposed(g);
          default:
            return g + dot + matrix;
        }
      default:
        return g;
    }
  };
  return gradient_place(to) + mo("=") + right();
}

const char* start_words() {
  return "Nothing is computed yet: here are the tensors that everything starts from. Press → to run the first "
         "operation.";
}
std::string seed_words(const Tensor& seed) {
  const std::string then = " From here every operation multiplies what it receives by its local derivative.";
  if (seed.numel() != 1)
    return "Backward starts at the result, with the gradient that backward() was given: L is the sum of the results, "
           "each "
           "times its number there." +
           then;
  if (const double v = seed.item<double>(); v != 1)
    return fmt::format(
               "Backward starts at the result. backward() was given {0} as its gradient: all gradients below are "
               "{0} times those of the result, as if L were {0} times as large.",
               short_number(v)) +
           then;
  return "Backward starts at the result: the derivative of L with respect to itself is 1." + then;
}
const char* end_words() {
  return "From the loss back to a parameter, the norm of the gradient after every operation. A path that shrinks "
         "steadily is a vanishing gradient, one that grows is an exploding gradient. Where a line of the program ran "
         "again and again, a strip shows the norm that arrived each time, first to last; its colours are logarithmic, "
         "over eight powers of ten.";
}

std::string operation_words(const Picture& p, int node, const std::vector<int>& inputs) {
  const PicNode& n = p.nodes[static_cast<std::size_t>(node)];
  const auto known = words().find(n.known_op);
  std::string s = known != words().end() ? known->second : told_words(arguments_of(p, node, inputs, 0));
  if (s.empty()) s = fmt::format("The operation {} computes {}.", n.title, symbol_text(p, node));
  if (!n.saves.empty()) s += fmt::format(" It keeps {} for the way back.", fmt::join(n.saves, ", "));
  return s;
}

}  // namespace xgrad::viz
