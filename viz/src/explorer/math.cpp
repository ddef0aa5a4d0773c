#include "explorer/math.hpp"

#include <algorithm>
#include <functional>
#include <map>

#include <fmt/format.h>

#include <xgrad/detail/html_page.hpp>

#include "heatmap.hpp"

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

// What a formula is made of: the inputs, the result, the number of x * 1.5.
struct Arguments {
  std::vector<std::string> a;
  std::string y, number;
  std::size_t position = 0;
  std::string second() const { return a.size() > 1 ? a[1] : number.empty() ? mi("c") : mn(number); }
};
using Formula = std::function<std::string(const Arguments&)>;

std::string mean_of(const std::string& what) { return row(fraction(mn("1"), mi("N")), what); }
Formula infix(const char* sign) {
  return [sign](const Arguments& x) { return row(x.a[0], mo(sign), x.second()); };
}
Formula product_with_bias(const char* sign, bool turned) {
  return [=](const Arguments& x) {
    const std::string weight = turned ? transposed(x.second()) : x.second();
    return row(x.a[0], mo(sign), weight, x.a.size() > 2 ? mo("+") + x.a[2] : "");
  };
}
Formula named(const char* name) {
  return [name](const Arguments& x) { return call(name, x.a[0]); };
}
std::string normalised(const Arguments& x) {
  return row(mi("γ"), mo("⊙"),
             fraction(x.a[0] + mo("−") + mi("μ"), root_of(row(power(mi("σ"), mn("2")), mo("+"), mi("ε")))), mo("+"),
             mi("β"));
}
std::string window(const char* what, const Arguments& x) {
  return row(element("munder", mo(what) + mi("window")), x.a[0]);
}

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
      {"add", infix("+")},
      {"sub", infix("−")},
      {"mul", infix("⊙")},
      {"div", infix("/")},
      {"neg", [](const Arguments& x) { return row(mo("−"), x.a[0]); }},
      {"square", [](const Arguments& x) { return power(x.a[0], mn("2")); }},
      {"pow", [](const Arguments& x) { return power(x.a[0], x.second()); }},
      {"sqrt", [](const Arguments& x) { return root_of(x.a[0]); }},
      {"transpose", [](const Arguments& x) { return transposed(x.a[0]); }},
      {"permute", [](const Arguments& x) { return transposed(x.a[0]); }},
      {"sum", [](const Arguments& x) { return sum_over("i", x.a[0]); }},
      {"mean", [](const Arguments& x) { return mean_of(sum_over("i", x.a[0])); }},
      {"sigmoid", named("σ")},
      {"log_softmax", named("log softmax")},
      {"leaky_relu", named("leaky relu")},
      {"mse_loss",
       [](const Arguments& x) {
         return mean_of(sum_over("n", power(in_brackets(row(x.a[0], mo("−"), x.second())), mn("2"))));
       }},
      {"cross_entropy",
       [](const Arguments& x) {
         return row(mo("−"), mean_of(sum_over("n", row(mi("log"), indexed(call("softmax", x.a[0]), x.second())))));
       }},
      {"max_pool2d", [](const Arguments& x) { return window("max", x); }},
      {"avg_pool2d", [](const Arguments& x) { return window("mean", x); }},
      {"embedding", [](const Arguments& x) { return indexed(x.a[0], x.second()); }},
      {"batch_norm", normalised},
      {"layer_norm", normalised},
  };
  return all;
}

// dy/dx in symbols, of the input at x.position.
const std::map<std::string, Formula>& slopes() {
  const auto x0 = [](const Arguments& x) { return x.a[x.position]; };
  static const std::map<std::string, Formula> all{
      {"tanh", [](const Arguments& x) { return in_brackets(row(mn("1"), mo("−"), power(x.y, mn("2")))); }},
      {"sigmoid", [](const Arguments& x) { return row(x.y, mo("⊙"), in_brackets(row(mn("1"), mo("−"), x.y))); }},
      {"exp", [](const Arguments& x) { return x.y; }},
      {"log", [x0](const Arguments& x) { return fraction(mn("1"), x0(x)); }},
      {"square", [x0](const Arguments& x) { return row(mn("2"), x0(x)); }},
      {"sqrt", [](const Arguments& x) { return fraction(mn("1"), mn("2") + x.y); }},
      {"sin", [x0](const Arguments& x) { return call("cos", x0(x)); }},
      {"cos", [x0](const Arguments& x) { return row(mo("−"), call("sin", x0(x))); }},
      {"relu", [x0](const Arguments& x) { return row(mo("["), x0(x), mo("&gt;"), mn("0"), mo("]")); }},
      {"mul", [](const Arguments& x) { return x.position == 0 ? x.second() : x.a[0]; }},
      {"div",
       [](const Arguments& x) {
         return x.position == 0 ? fraction(mn("1"), x.second())
                                : row(mo("−"), fraction(x.a[0], power(x.second(), mn("2"))));
       }},
      {"mse_loss",
       [](const Arguments& x) {
         const std::string other = x.position == 0 ? x.second() : x.a[0];
         return fraction(mn("2") + in_brackets(row(x.a[x.position], mo("−"), other)), mi("N"));
       }},
      {"cross_entropy",
       [](const Arguments& x) {
         return fraction(row(call("softmax", x.a[0]), mo("−"), call("onehot", x.second())), mi("N"));
       }},
  };
  return all;
}

bool is_matmul(const std::string& op) { return op == "matmul" || op == "mm" || op == "bmm"; }

Arguments arguments_of(const Picture& p, int node, const std::vector<int>& inputs, std::size_t position) {
  Arguments x;
  for (const int in : inputs) x.a.push_back(place(in));
  x.y = place(node);
  const std::string& number = whole(p, node).number;
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
      {"softmax", "Each row becomes probabilities: positive, with sum 1."},
      {"mse_loss", "Mean squared error: one number for the whole batch."},
      {"cross_entropy", "How improbable the true classes are under softmax: one number for the whole batch."},
      {"conv2d", "A small window slides over the maps; each result is the weighted sum of what is under it."},
      {"max_pool2d", "Of each window only the largest number goes on."},
      {"embedding", "Each index picks its row of the table."},
      {"batch_norm", "Each feature is centred and scaled by the mean and variance of the batch."},
      {"dropout", "Some numbers are set to 0 by chance, the others are scaled up."},
      {"scaled_dot_product_attention", "Each query mixes the values, by how well it fits the keys."},
      {"sum", "All numbers are added up."},
      {"mean", "The mean of all numbers."},
      {"add", "Sum, element by element; what is smaller is broadcast."}};
  return all;
}

std::string picked_words(const LocalDerivative& d, std::size_t n, const std::string& times) {
  const std::vector<int> count = reads(d, n);
  const auto [least, most] = std::ranges::minmax(count);
  const auto zeros = std::ranges::count(count, 0);
  if (!d.factors.empty())
    return most > 1 ? "Each input number was used several times, each time with its own factor: its gradient is the "
                      "sum over its uses."
                    : "Each result depends on one input number, with its own factor.";
  if (most == 1 && zeros == 0)
    return "The same numbers in other places: the gradient goes back to where each came from" + times + ".";
  if (least == most)
    return fmt::format("Broadcast: each number was used {0} times, so its gradient is the sum of {0} numbers{1}.", most,
                       times);
  return fmt::format("Selection: the gradient goes back to the numbers that were picked{}; the {} others get 0{}.",
                     times, zeros, most > 1 ? ", and those picked several times the sum" : "");
}

std::string spread_words(const LocalDerivative& d, std::size_t m, const std::string& times) {
  if (!d.factors.empty())
    return m == 1 ? "The result is one number: its gradient times the local slope of each input number."
                  : "Each input number goes into one result, with its own factor.";
  return m == 1 ? fmt::format("The input was summed{}: every number gets the same gradient{}.",
                              times.empty() ? "" : " and scaled", times)
                : fmt::format("Sums: every number of a sum gets the gradient of that sum{}.", times);
}

// Dimensions in which a result depends on its own index only.
std::string slices_words(const std::vector<int>& agree, std::size_t rank) {
  if (agree.empty()) return "";
  if (rank == 2 && agree.size() == 1) return agree[0] == 0 ? " Each row for itself." : " Each column for itself.";
  return fmt::format(" Each index of dimension {} for itself (the first one is dimension 0).", fmt::join(agree, ", "));
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
  const std::string& op = p.nodes[static_cast<std::size_t>(node)].title;
  const Arguments x = arguments_of(p, node, inputs, 0);
  const auto known = formulas().find(op);
  if (known != formulas().end() && !x.a.empty()) return known->second(x);
  std::string list;
  for (const std::string& a : x.a) list += (list.empty() ? "" : mo(",")) + a;
  return call(op, list);
}

std::string slope_math(const Picture& p, int node, const std::vector<int>& inputs, std::size_t position) {
  const auto known = slopes().find(p.nodes[static_cast<std::size_t>(node)].title);
  const Arguments x = arguments_of(p, node, inputs, position);
  if (known != slopes().end()) return known->second(x);
  return fraction(mo("∂") + x.y, mo("∂") + x.a[position]);
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

std::string operation_words(const Picture& p, int node) {
  const PicNode& n = p.nodes[static_cast<std::size_t>(node)];
  const auto known = words().find(n.title);
  std::string s = known != words().end() ? known->second
                                         : fmt::format("The operation {} computes {}.", n.title, symbol_text(p, node));
  if (!n.saves.empty()) s += fmt::format(" It keeps {} for the way back.", fmt::join(n.saves, ", "));
  return s;
}

std::vector<int> reads(const LocalDerivative& d, std::size_t n) {
  std::vector<int> count(n);
  for (const std::int64_t i : d.index)
    if (i >= 0) ++count[static_cast<std::size_t>(i)];
  return count;
}

std::string structure_words(const Term& t, std::size_t m) {
  constexpr const char* kElementwise =
      "Element by element: each number of the incoming gradient times its own local slope.";
  const LocalDerivative* d = t.local ? &*t.local : nullptr;
  if (t.elementwise) return kElementwise;
  if (!d)
    return "The operation is too large for its local derivative to be written out: incoming and outgoing gradient "
           "only.";
  const std::string times = d->factor == 1 ? "" : ", times " + short_number(d->factor);
  switch (d->form) {
    case Form::zero:
      return "Here the result does not depend on this input: nothing flows back.";
    case Form::same:
      return "The gradient is passed on unchanged.";
    case Form::scaled:
      return fmt::format("Every number of the gradient is multiplied by {}.", short_number(d->factor));
    case Form::diagonal:
      return kElementwise;
    case Form::picked:
      return picked_words(*d, static_cast<std::size_t>(t.sent.numel()), times);
    case Form::spread:
      return spread_words(*d, m, times);
    case Form::product:
      if (d->product == Product::row)
        return "Every result depends on every input number: a row of gradients times the matrix of slopes.";
      return "A matrix product: the local derivative for one factor is the other factor." +
             (d->batches > 1 ? fmt::format(" {} products, one for each slice.", d->batches) : "");
    case Form::general:
      break;
  }
  return "Each number of the input reaches several results: pick a number of the outgoing gradient to see where it "
         "went, and with what slope." +
         slices_words(d->agree, static_cast<std::size_t>(t.sent.dim()));
}

}  // namespace xgrad::viz
