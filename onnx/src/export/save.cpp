#include <algorithm>
#include <map>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>
#include <xgrad/onnx.hpp>
#include <xgrad/ops.hpp>

#include "export/exporter.hpp"
#include "export/rules.hpp"
#include "file/model_file.hpp"

namespace xgrad::onnx {
namespace {

constexpr const char* kOp = "onnx::save";

[[noreturn]] void refuse(const std::string& rule, const Location& at) { ErrorReport(kOp, rule, at).value_error(); }

std::string input_name(const SaveOptions& o, std::size_t i) {
  return o.input_names.empty() ? fmt::format("input.{}", i) : o.input_names[i];
}

// Where each named axis is. Axes of outputs are known from the run.
struct Named {
  Axis axis;
  std::vector<std::pair<std::size_t, std::int64_t>> places;  // input and dimension
};

std::vector<Named> named_axes(const std::vector<Tensor>& inputs, const SaveOptions& o, const Location& at) {
  std::vector<Named> all;
  for (const auto& [name, dims] : o.dynamic_axes) {
    if (std::ranges::find(o.output_names, name) != o.output_names.end()) continue;
    std::size_t i = 0;
    while (i < inputs.size() && input_name(o, i) != name) ++i;
    if (i == inputs.size()) refuse(fmt::format("dynamic_axes: no input or output is called '{}'", name), at);
    for (const auto& [dim, axis] : dims) {
      const int d = wrap_dim(kOp, dim, inputs[i], at);
      if (axis.empty()) refuse(fmt::format("dynamic_axes: dimension {} of '{}' has an empty name", dim, name), at);
      const std::int64_t size = inputs[i].size(d);
      if (size == 0) refuse(fmt::format("dynamic_axes: '{}' is empty in the example", axis), at);
      auto found = std::ranges::find(all, axis, [](const Named& n) { return n.axis.name; });
      if (found == all.end()) found = all.insert(all.end(), {{axis, i, d, size, 0}, {}});
      if (found->axis.size != size)
        refuse(fmt::format("dynamic_axes: '{}' is {} in one place and {} in another", axis, found->axis.size, size),
               at);
      found->places.emplace_back(i, d);
    }
  }
  return all;
}

// Another example of the same sizes: the elements moved on by one, so that they stay what the model expects (indices
// in range, positive numbers), and floating ones a little smaller.
Tensor with_other_values(const Tensor& x) {
  if (x.numel() == 0) return x;
  const Tensor moved = roll(x.detach(), 1);
  if (is_floating(x.dtype())) return mul(moved, Scalar(0.9375));
  if (x.dtype() != kBool && equal(moved, x) && x.reshape({-1})[0].item<std::int64_t>() > 0) return sub(x, Scalar(1));
  return moved;
}

// The first `size` places along the dimension, from the beginning again where there are not as many.
Tensor with_size(const Tensor& x, std::int64_t dim, std::int64_t size) {
  const Tensor places = remainder(arange(Scalar(size)), Scalar(x.size(dim)));
  return index_select(x.detach(), dim, places);
}

Trace run_with_size(const xgrad::detail::OnnxCall& call, const std::vector<Tensor>& inputs,
                    const std::vector<StateTensor>& state, Named& axis, const Location& at) {
  const auto run = [&](std::int64_t size) {
    std::vector<Tensor> others = inputs;
    for (const auto& [i, d] : axis.places) others[i] = with_size(others[i], d, size);
    axis.axis.other = size;
    return trace(call, others, state, at);
  };
  try {
    return run(axis.axis.size + 1);
  } catch (const Error&) {  // perhaps the largest size the model takes
    if (axis.axis.size < 2) throw;
    return run(axis.axis.size - 1);
  }
}

void check_arguments(const std::vector<Tensor>& inputs, const SaveOptions& o, const Location& at) {
  if (o.opset != 17) refuse(fmt::format("opset must be 17, got {}", o.opset), at);
  if (inputs.empty()) refuse("there is no example input", at);
  for (const Tensor& x : inputs) require_defined(kOp, x, at);
  if (!o.input_names.empty() && o.input_names.size() != inputs.size())
    refuse(fmt::format("{} input_names for {} inputs", o.input_names.size(), inputs.size()), at);
}

}  // namespace

Rule find_rule(std::string_view op) {
  static const auto all = [] {
    std::map<std::string_view, Rule> t;
    for (const auto part :
         {elementwise_rules(), layer_rules(), pooling_rules(), recurrent_rules(), reduction_rules(), shape_rules()})
      for (const NamedRule& r : part) t.emplace(r.op, r.rule);
    return t;
  }();
  const auto found = all.find(op);
  return found == all.end() ? nullptr : found->second;
}

std::vector<std::string> save_operations() {
  std::vector<std::string> names;
  for (const auto part :
       {elementwise_rules(), layer_rules(), pooling_rules(), recurrent_rules(), reduction_rules(), shape_rules()})
    for (const NamedRule& r : part) names.emplace_back(r.op);
  std::ranges::sort(names);
  return names;
}

}  // namespace xgrad::onnx

namespace xgrad::detail {

void wrong_input_count(const nn::Module& model, std::size_t given, const Location& at) {
  ErrorReport("onnx::save", fmt::format("{} cannot be called with {} tensors", model.label(), given), at).value_error();
}

void export_onnx(const nn::Module& model, const OnnxCall& call, const std::vector<Tensor>& inputs,
                 const std::string& path, const onnx::SaveOptions& options, const Location& at) {
  using namespace onnx;
  check_arguments(inputs, options, at);
  std::vector<Named> named = named_axes(inputs, options, at);
  const std::vector<StateTensor> state = state_of(model, at);
  std::vector<Trace> runs;
  std::vector<Axis> axes;
  {
    const ExportMode mode(model);
    runs.push_back(trace(call, inputs, state, at));
    std::vector<Tensor> others;
    {
      const NoGradGuard off;
      for (const Tensor& x : inputs) others.push_back(with_other_values(x));
    }
    require_same(runs[0], trace(call, others, state, at), false, at);
    for (Named& n : named) {
      runs.push_back(run_with_size(call, inputs, state, n, at));
      require_same(runs[0], runs.back(), true, at);
      axes.push_back(n.axis);
    }
  }
  Exporter exporter(runs, axes, state, at);
  write_model("onnx::save", exporter.write(options), path, at);
}

}  // namespace xgrad::detail
