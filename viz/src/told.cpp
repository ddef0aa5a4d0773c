// What stands behind the name of an operation: what it was told, where that is short and not what is usual.
#include "told.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

namespace xgrad::viz {
namespace {

using List = std::vector<std::int64_t>;

bool all_are(const List& list, std::int64_t n) {
  return std::ranges::all_of(list, [n](auto v) { return v == n; });
}
// "3×3", or one number where all are equal and `whole` does not ask for each.
std::string sizes(const List& list, bool whole) {
  if (!whole && !list.empty() && all_are(list, list[0])) return std::to_string(list[0]);
  return fmt::format("{}", fmt::join(list, "×"));
}

// Attributes that are told with their names, but for the value that is usual.
struct Shown {
  const char* name;
  const char* usual = "";
};
const std::map<std::string, std::vector<Shown>>& listed() {
  static const std::vector<Shown> along{{"dim"}, {"reverse"}}, places{{"dim"}}, plane{{"offset", "0"}, {"dim1", "1"}};
  static const std::vector<Shown> solution{{"left", "true"}, {"upper"}, {"unitriangular"}};
  static const std::map<std::string, std::vector<Shown>> all{
      {"dropout", {{"p"}}},
      {"leaky_relu", {{"negative_slope", "0.01"}}},
      {"elu", {{"alpha", "1"}}},
      {"celu", {{"alpha", "1"}}},
      {"hardshrink", {{"lambd", "0.5"}}},
      {"softshrink", {{"lambd", "0.5"}}},
      {"softplus", {{"beta", "1"}, {"threshold", "20"}}},
      {"hardtanh", {{"min_val", "−1"}, {"max_val", "1"}}},
      {"threshold", {{"threshold"}, {"value"}}},
      {"clamp", {{"min"}, {"max"}}},
      {"huber_loss", {{"delta", "1"}}},
      {"smooth_l1_loss", {{"beta", "1"}}},
      {"kl_div", {{"log_target"}}},
      {"group_norm", {{"num_groups"}}},
      {"var", {{"correction", "1"}}},
      {"std", {{"correction", "1"}}},
      {"p_norm", {{"p", "2"}}},
      {"cdist", {{"p", "2"}}},
      {"polygamma", {{"n"}}},
      {"mvlgamma", {{"p"}}},
      {"cumsum", along},
      {"cumprod", along},
      {"cummax", along},
      {"cummin", along},
      {"logcumsumexp", along},
      {"sort", {{"dim"}, {"descending"}}},
      {"topk", {{"k"}, {"dim"}, {"largest", "true"}}},
      {"kthvalue", {{"k"}}},
      {"select", {{"dim"}, {"index"}}},
      {"slice", {{"dim"}, {"start"}, {"end"}, {"step", "1"}}},
      {"narrow", {{"dim"}, {"start"}, {"end"}}},
      {"gather", places},
      {"index_select", places},
      {"index_add", places},
      {"index_copy", places},
      {"scatter", places},
      {"scatter_add", places},
      {"scatter_reduce", {{"reduce"}, {"dim"}}},
      {"unbind", places},
      {"split", places},
      {"chunk", places},
      {"tensor_split", places},
      {"flip", {{"dims"}}},
      {"roll", {{"shifts"}}},
      {"pad", {{"pad"}, {"mode", "constant"}, {"value", "0"}}},
      {"unfold", {{"dimension"}, {"size"}, {"step"}}},
      {"tril", {{"diagonal", "0"}}},
      {"triu", {{"diagonal", "0"}}},
      {"diagonal", plane},
      {"diag_embed", {{"offset", "0"}}},
      {"select_scatter", {{"dim"}, {"index"}}},
      {"slice_scatter", {{"dim"}, {"start"}, {"end"}, {"step", "1"}}},
      {"interpolate", {{"mode"}, {"align_corners"}}},
      {"grid_sample", {{"mode", "bilinear"}, {"padding_mode", "zeros"}}},
      {"embedding_bag", {{"mode"}}},
      {"scaled_dot_product_attention", {{"is_causal"}}},
      {"solve", solution},
      {"solve_ex", solution},
      {"solve_triangular", solution},
      {"cholesky", {{"upper"}}},
      {"qr", {{"mode", "reduced"}}},
  };
  return all;
}

std::string value_text(const AttributeValue& value) {
  const auto text = [](const auto& v) -> std::string {
    using T = std::decay_t<decltype(v)>;
    if constexpr (std::is_same_v<T, bool>) return v ? "true" : "";
    if constexpr (std::is_same_v<T, List>) return fmt::format("{}", fmt::join(v, ","));
    if constexpr (std::is_same_v<T, std::string>) return v;
    if constexpr (std::is_same_v<T, double> || std::is_same_v<T, std::int64_t>)
      return few_digits(static_cast<double>(v));
  };
  return std::visit(text, value);
}

class Told {
 public:
  Told(const tape::OpNode& op, const std::vector<Shape>& inputs) : op_(op), inputs_(inputs) {}

  std::string text() {
    if (!op_.of_library || op_.op.find("backward") != std::string::npos) return "";
    if (op_.op.starts_with("conv"))
      convolution();
    else if (op_.op.find("pool") != std::string::npos)
      pool();
    else if (op_.op == "lstm" || op_.op == "gru" || op_.op.starts_with("rnn_"))
      recurrence();
    else if (op_.op == "scan")
      steps();
    else if (op_.op == "softmax" || op_.op == "log_softmax")
      dimension(rank() - 1);
    else if (op_.op == "cat" || op_.op == "stack")
      dimension(0);
    else
      others();
    return text_;
  }

 private:
  std::int64_t rank() const { return inputs_.empty() ? 0 : inputs_[0].rank(); }
  List list(const char* name) const { return op_.attributes.get<List>(name).value_or(List()); }
  void add(const std::string& part) { text_ += (text_.empty() ? "" : " ") + part; }

  void convolution() {
    const Shape weight = inputs_.size() > 1 ? inputs_[1] : Shape();
    if (weight.rank() > 2) add(sizes(List(weight.begin() + 2, weight.end()), true));
    stride(1);
    padding();
    if (const List d = list("dilation"); !all_are(d, 1)) add("dilation " + sizes(d, false));
    if (const auto groups = op_.attributes.get<std::int64_t>("groups").value_or(1); groups != 1)
      add(fmt::format("groups {}", groups));
  }
  void pool() {
    const List kernel = list("kernel_size");
    if (kernel.empty()) return;
    add(sizes(kernel, true));
    if (list("stride") != kernel) stride(0);
    padding();
  }
  void stride(std::int64_t usual) {
    if (const List s = list("stride"); !s.empty() && !all_are(s, usual)) add(fmt::format("/{}", sizes(s, false)));
  }
  void padding() {
    if (const List p = list("padding"); !all_are(p, 0)) add(fmt::format("pad {}", sizes(p, false)));
  }
  // What is inside of a layer that is one operation.
  void recurrence() {
    if (op_.op.ends_with("_cell") || rank() != 3) return;
    add(fmt::format("{} {}{}", inputs_[0][0], inputs_[0][0] == 1 ? "cell" : "cells",
                    op_.attributes.get<bool>("reverse").value_or(false) ? ", reversed" : ""));
  }
  void steps() {
    const bool reverse = op_.attributes.get<bool>("reverse").value_or(false);
    add(fmt::format("× {}{}", op_.attributes.get<std::int64_t>("steps").value_or(0), reverse ? ", reversed" : ""));
  }
  void dimension(std::int64_t usual) {
    const auto dim = op_.attributes.get<std::int64_t>("dim");
    if (dim && *dim != usual) add(fmt::format("dim={}", *dim));
  }
  void others() {
    if (const auto r = op_.attributes.get<std::string>("reduction"); r && *r != "mean") add(*r);
    if (const double s = op_.attributes.get<double>("label_smoothing").value_or(0); s != 0)
      add("smoothing " + few_digits(s));
    if (op_.attributes.get<std::string>("approximate").value_or("none") != "none") add("tanh");
    if (op_.op == "batch_norm" && !op_.attributes.get<bool>("training").value_or(true)) add("eval");
    if (op_.op == "permute") add(fmt::format("{}", fmt::join(list("dims"), ",")));
    if (op_.attributes.find("keepdim")) reduced();
    if (const auto found = listed().find(op_.op); found != listed().end())
      for (const Shown& s : found->second) named(s);
  }
  void named(const Shown& s) {
    const AttributeValue* value = op_.attributes.find(s.name);
    const std::string name = s.name;
    if (!value || (name == "dim" && rank() < 2)) return;
    const std::string text = value_text(*value);
    if (text.empty() || text == s.usual) return;
    if (std::holds_alternative<bool>(*value)) return add(name == "is_causal" ? "causal" : name);
    add(std::holds_alternative<std::string>(*value) ? text : name + "=" + text);
  }
  // Of a reduction that leaves something.
  void reduced() {
    if (const auto dim = op_.attributes.get<std::int64_t>("dim")) return dimension(-1);
    const List dims = list("dim");
    if (!dims.empty() && static_cast<std::int64_t>(dims.size()) < rank())
      add(fmt::format("dim={}", fmt::join(dims, ",")));
  }

  const tape::OpNode& op_;
  const std::vector<Shape>& inputs_;
  std::string text_;
};

}  // namespace

std::string few_digits(double v) { return (v < 0 ? "−" : "") + fmt::format("{:.4g}", std::fabs(v)); }

std::string moves_of(const Attributes& a) {
  std::string text;
  const auto add = [&](const char* name, const char* word, std::int64_t usual) {
    const List list = a.get<List>(name).value_or(List());
    if (!all_are(list, usual)) text += (text.empty() ? "" : ", ") + fmt::format("{} {}", word, sizes(list, false));
  };
  add("stride", "stride", 1);
  add("padding", "padding", 0);
  add("output_padding", "output padding", 0);
  add("dilation", "dilation", 1);
  if (const auto groups = a.get<std::int64_t>("groups").value_or(1); groups != 1)
    text += (text.empty() ? "" : ", ") + fmt::format("groups {}", groups);
  return text;
}

std::string told_text(const tape::OpNode& op, const std::vector<Shape>& inputs) { return Told(op, inputs).text(); }

}  // namespace xgrad::viz
