#include "import/operators.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/onnx.hpp>

namespace xgrad::onnx {
namespace {

const std::map<std::string_view, const Operator*>& table() {
  static const auto all = [] {
    std::map<std::string_view, const Operator*> t;
    for (const auto part :
         {elementwise_operators(), layer_operators(), recurrent_operators(), reduction_operators(), shape_operators()})
      for (const Operator& op : part) t.emplace(op.name, &op);
    return t;
  }();
  return all;
}

}  // namespace

const Operator* find_operator(std::string_view name) {
  const auto found = table().find(name);
  return found == table().end() ? nullptr : found->second;
}

char attribute_type(const Operator& op, std::string_view name) {
  const std::string_view all = op.attributes;
  for (std::size_t begin = 0; begin < all.size();) {
    const std::size_t end = std::min(all.find(' ', begin), all.size());
    const std::string_view one = all.substr(begin, end - begin);
    if (one.substr(0, one.size() - 2) == name) return one.back();
    begin = end + 1;
  }
  return 0;
}

std::vector<std::string> load_operators() {
  std::vector<std::string> names;
  for (const auto& [name, op] : table()) names.emplace_back(name);
  return names;
}

std::vector<std::int64_t> Call::ints_in(std::size_t i) const {
  const Tensor& t = inputs_[i];
  if (!is_integral(t.dtype()))
    ErrorReport(node_.op->name, fmt::format("input {} must be of whole numbers", i), at)
        .operand("input", t)
        .dtype_error();
  constexpr std::int64_t kMost = 4096;  // as many as a node has outputs
  if (t.dim() > 1 || t.numel() > kMost) refuse_shape(fmt::format("input {} must be a list of few numbers", i));
  return t.to_vector<std::int64_t>(at);
}

int Call::dim(std::int64_t d, std::int64_t rank) const {
  return wrap_dim(node_.op->name, d, static_cast<int>(rank), at);
}

void Call::require_room(std::span<const std::int64_t> sizes, DType dtype) const {
  constexpr double kMost = 2147483648;
  double bytes = static_cast<double>(item_size(dtype));
  for (const std::int64_t n : sizes) bytes *= static_cast<double>(n);
  if (bytes > kMost)
    ErrorReport(node_.op->name,
                fmt::format("the values of its inputs ask for a result of ({}), {:.3g} bytes; the limit is 2 GiB",
                            fmt::join(sizes, ", "), bytes),
                at)
        .out_of_memory_error();
}

std::int64_t Call::bordered(std::int64_t size, std::int64_t begin, std::int64_t end) const {
  std::int64_t n = 0;
  if (__builtin_add_overflow(begin, end, &n) || __builtin_add_overflow(n, size, &n)) refuse("a pad is too large");
  return std::max<std::int64_t>(n, 0);
}

void Call::refuse(const std::string& rule) const { ErrorReport(node_.op->name, rule, at).value_error(); }
void Call::refuse_shape(const std::string& rule) const {
  ErrorReport report(node_.op->name, rule, at);
  for (std::size_t i = 0; i < inputs_.size(); ++i)
    if (inputs_[i].defined()) report.operand(fmt::format("input {}", i), inputs_[i]);
  report.shape_error();
}

}  // namespace xgrad::onnx
