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

class Told {
 public:
  Told(const tape::OpNode& op, const std::vector<Shape>& inputs) : op_(op), inputs_(inputs) {}

  std::string text() {
    if (!op_.of_library || op_.op.find("backward") != std::string::npos) return "";
    if (op_.op.starts_with("conv"))
      convolution();
    else if (op_.op.find("pool") != std::string::npos)
      pool();
    else if (op_.op == "softmax" || op_.op == "log_softmax")
      dimension(rank() - 1);
    else if (op_.op == "cat" || op_.op == "stack")
      dimension(0);
    else if (const auto known = numbers().find(op_.op); known != numbers().end())
      number(known->second);
    else
      others();
    return text_;
  }

 private:
  struct Number {
    const char* attribute;
    double usual;
  };
  static const std::map<std::string, Number>& numbers() {
    static const std::map<std::string, Number> all{
        {"dropout", {"p", -1}},         {"leaky_relu", {"negative_slope", 0.01}},
        {"elu", {"alpha", 1}},          {"celu", {"alpha", 1}},
        {"hardshrink", {"lambd", 0.5}}, {"softshrink", {"lambd", 0.5}},
        {"huber_loss", {"delta", 1}},   {"smooth_l1_loss", {"beta", 1}},
        {"softplus", {"beta", 1}},      {"group_norm", {"num_groups", -1}}};
    return all;
  }

  std::int64_t rank() const { return inputs_.empty() ? 0 : inputs_[0].rank(); }
  List list(const char* name) const { return op_.attributes.get<List>(name).value_or(List()); }
  void add(const std::string& part) { text_ += (text_.empty() ? "" : " ") + part; }

  void convolution() {
    const Shape weight = inputs_.size() > 1 ? inputs_[1] : Shape();
    if (weight.rank() > 2) add(sizes(List(weight.begin() + 2, weight.end()), true));
    stride(1);
    if (const List d = list("dilation"); !all_are(d, 1)) add("dilation " + sizes(d, false));
    if (const auto groups = op_.attributes.get<std::int64_t>("groups").value_or(1); groups != 1)
      add(fmt::format("groups {}", groups));
  }
  void pool() {
    const List kernel = list("kernel_size");
    if (kernel.empty()) return;
    add(sizes(kernel, true));
    if (list("stride") != kernel) stride(0);
  }
  void stride(std::int64_t usual) {
    if (const List s = list("stride"); !s.empty() && !all_are(s, usual)) add("/" + sizes(s, false));
  }
  void dimension(std::int64_t usual) {
    const auto dim = op_.attributes.get<std::int64_t>("dim");
    if (dim && *dim != usual) add(fmt::format("dim={}", *dim));
  }
  void number(const Number& n) {
    reduction();
    const auto v = op_.attributes.get<double>(n.attribute);
    if (v && *v != n.usual) add(fmt::format("{}={}", n.attribute, few_digits(*v)));
  }
  void reduction() {
    if (const auto r = op_.attributes.get<std::string>("reduction"); r && *r != "mean") add(*r);
  }
  void others() {
    reduction();
    if (const double s = op_.attributes.get<double>("label_smoothing").value_or(0); s != 0)
      add("smoothing " + few_digits(s));
    if (op_.attributes.get<std::string>("approximate").value_or("none") != "none") add("tanh");
    if (op_.op == "batch_norm" && !op_.attributes.get<bool>("training").value_or(true)) add("eval");
    if (op_.attributes.get<bool>("is_causal").value_or(false)) add("causal");
    if (op_.op == "permute") add(fmt::format("{}", fmt::join(list("dims"), ",")));
    if (op_.attributes.find("keepdim")) reduced();
  }
  // Of a reduction that leaves something.
  void reduced() {
    if (const auto dim = op_.attributes.get<std::int64_t>("dim")) return add(fmt::format("dim={}", *dim));
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

std::string told_text(const tape::OpNode& op, const std::vector<Shape>& inputs) { return Told(op, inputs).text(); }

}  // namespace xgrad::viz
