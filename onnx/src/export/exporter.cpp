#include "export/exporter.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/ops.hpp>

#include "export/rules.hpp"

namespace xgrad::onnx {

Exporter::Exporter(const std::vector<Trace>& runs, const std::vector<Axis>& axes, const std::vector<Probe>& probes,
                   const std::vector<StateTensor>& state, const Location& at)
    : runs_(runs),
      axes_(axes),
      probes_(probes),
      state_(state),
      at_(at),
      state_used_(state.size(), false),
      inputs_used_(runs[0].inputs.size(), false),
      axis_sizes_(axes.size()) {}

void Exporter::refuse(const std::string& rule) const { ErrorReport("onnx::save", rule, at_).value_error(); }

void Exporter::name_inputs(const std::vector<std::string>& names) {
  const std::vector<Tensor>& inputs = runs_[0].inputs;
  if (!names.empty() && names.size() != inputs.size())
    refuse(fmt::format("{} input_names for {} inputs", names.size(), inputs.size()));
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    input_names_.push_back(names.empty() ? fmt::format("input.{}", i) : names[i]);
    if (input_names_[i].empty() || !builder_.reserve(input_names_[i]))
      refuse(fmt::format("the input name '{}' is empty or taken", input_names_[i]));
    Builder::Sizes sizes;
    for (std::int64_t d = 0; d < inputs[i].dim(); ++d) {
      sizes.emplace_back(inputs[i].size(d));
      for (std::size_t p = 0; p < probes_.size(); ++p)
        if (probes_[p].axis && runs_[1 + p].inputs[i].size(d) != inputs[i].size(d))
          sizes.back() = axes_[*probes_[p].axis].name;
    }
    builder_.add_input(input_names_[i], inputs[i].dtype(), sizes);
  }
}

// An output that is an input, a constant, or another output as well, goes through a node of its own.
void Exporter::name_outputs(std::vector<std::string> names) {
  const std::vector<Operand>& outputs = runs_[0].outputs;
  if (!names.empty() && names.size() != outputs.size())
    refuse(fmt::format("{} output_names for {} outputs", names.size(), outputs.size()));
  for (std::size_t k = 0; k < outputs.size(); ++k) {
    if (names.size() <= k) names.push_back(fmt::format("output.{}", k));
    if (names[k].empty() || !builder_.reserve(names[k]))
      refuse(fmt::format("the output name '{}' is empty or taken", names[k]));
  }
  for (std::size_t k = 0; k < outputs.size(); ++k) {
    const Operand& o = outputs[k];
    if (o.from == Operand::From::constant)
      refuse(fmt::format("output '{}' depends on no input and no parameter that the recorded graph shows", names[k]));
    builder_.name_nodes("");
    builder_.add_node_to("Identity", {value(o, nullptr)}, {}, {names[k]});
    Builder::Sizes sizes;
    for (std::int64_t d = 0; d < o.shape.rank(); ++d) {
      sizes.emplace_back(o.shape[d]);
      std::vector<std::int64_t> others;
      for (std::size_t p = 0; p < probes_.size(); ++p) others.push_back(runs_[1 + p].outputs[k].shape[d]);
      if (explains({o.shape[d], {}}, others)) continue;
      const std::vector<std::size_t> axes = axes_of(o.shape[d], others);
      const bool same = axes.size() == 1 && o.shape[d] == axes_[axes[0]].size && explains({1, axes}, others);
      sizes.back() = same ? axes_[axes[0]].name : fmt::format("{}_{}", names[k], d);
    }
    builder_.add_output(names[k], o.dtype, sizes);
  }
}

std::string Exporter::value(const Operand& o, const Op*) {
  switch (o.from) {
    case Operand::From::step:
      return results_[o.index][o.output];
    case Operand::From::input:
      inputs_used_[o.index] = true;
      return input_names_[o.index];
    case Operand::From::state:
      state_used_[o.index] = true;
      return state_[o.index].name;
    default:
      return "";
  }
}

namespace {

// The one value of all elements, or none.
std::optional<Scalar> uniform(const Tensor& t) {
  if (t.numel() == 0) return {};
  const Tensor first = t.reshape({-1})[0];
  return all(eq(t, first)).item<bool>() ? std::optional(first.item_scalar()) : std::nullopt;
}
bool counts_up(const Tensor& t) {
  return t.dim() == 1 && t.numel() > 0 && is_integral(t.dtype()) && equal(t.to(kInt64), arange(Scalar(t.numel())));
}

}  // namespace

std::string Exporter::constant_value(const Operand& o, std::size_t position, const Op& user) {
  const Tensor& t = runs_[0].constants[o.index];
  Op& op = const_cast<Op&>(user);
  if (op.is_fixed(position)) return builder_.constant(t);
  // Its size follows an axis: it must be clear what the other elements are.
  const std::vector<DynamicSize> sizes = op.sizes_in(position);
  const std::vector<const Step*> steps = op.others();
  const auto in_all = [&](const auto& rule) {
    for (std::size_t p = 0; p < steps.size(); ++p)
      if (!rule(runs_[1 + p].constants[steps[p]->operands[position].index])) return false;
    return true;
  };
  if (const auto v = uniform(t)) {
    if (!in_all([&](const Tensor& u) { return all(eq(u, *v)).item<bool>(); }))
      op.refuse("the values of a constant that it reads follow a dynamic axis");
    return op.emit("ConstantOfShape", {op.sizes(sizes)}, {{"value", full({1}, *v, t.dtype())}});
  }
  if (!counts_up(t) || !in_all(counts_up))
    op.refuse(fmt::format("a constant of shape {} that it reads follows a dynamic axis", to_string(t.shape())));
  const std::string end = op.emit("Squeeze", {op.sizes(sizes), op.list({0})});
  const std::string all = op.emit("Range", {op.whole(0), end, op.whole(1)});
  return t.dtype() == kInt64 ? all : op.cast(all, t.dtype());
}

std::string Exporter::axis_size(std::size_t axis) {
  if (axis_sizes_[axis].empty()) {
    const Axis& a = axes_[axis];
    axis_sizes_[axis] =
        builder_.add_node("Shape", {input_names_[a.input]}, {{"start", a.dim}, {"end", a.dim + 1}}, 1)[0];
  }
  return axis_sizes_[axis];
}

std::string Exporter::size_value(const DynamicSize& s) {
  const std::string factor = builder_.constant(from_vector(std::vector<std::int64_t>{s.factor}));
  std::string product = s.factor == 1 && !s.fixed() ? "" : factor;
  for (const std::size_t a : s.axes)
    product = product.empty() ? axis_size(a) : builder_.add_node("Mul", {product, axis_size(a)}, {}, 1)[0];
  return product;
}

std::vector<std::size_t> Exporter::axes_of(std::int64_t size, const std::vector<std::int64_t>& others) const {
  std::vector<std::size_t> axes;
  for (std::size_t p = 0; p < probes_.size(); ++p)
    if (const auto axis = probes_[p].axis; axis && others[p] != size && (axes.empty() || axes.back() != *axis))
      axes.push_back(*axis);
  return axes;
}

bool Exporter::explains(const DynamicSize& s, const std::vector<std::int64_t>& others) const {
  for (std::size_t p = 0; p < probes_.size(); ++p) {
    std::int64_t product = s.factor;
    for (const std::size_t a : s.axes) product *= probes_[p].sizes[a];
    if (product != others[p]) return false;
  }
  return true;
}

wire::ModelProto& Exporter::write(const SaveOptions& options) {
  for (const StateTensor& s : state_) builder_.reserve(s.name);
  name_inputs(options.input_names);
  const Trace& run = runs_[0];
  results_.resize(run.steps.size());
  for (std::size_t i = 0; i < run.steps.size(); ++i) {
    const Step& s = run.steps[i];
    results_[i].resize(s.shapes.size());
    Op op(*this, i);
    const Rule rule = s.of_library ? find_rule(s.op) : nullptr;
    if (!rule)
      op.refuse(s.of_library ? "ONNX has no operator for it that is written here"
                             : "an operation of the program's own");
    std::string module = s.module;
    builder_.name_nodes(module.empty() ? s.op : fmt::format("{}/{}", module, s.op));
    rule(op);
  }
  name_outputs(options.output_names);
  for (std::size_t i = 0; i < inputs_used_.size(); ++i)
    if (!inputs_used_[i])
      ErrorReport("onnx::save", fmt::format("input '{}' is not used by the recorded graph", input_names_[i]), at_)
          .operand("input", run.inputs[i])
          .help("the outputs do not depend on it, or its values were read in C++ (item(), to_vector(), data())")
          .value_error();
  for (std::size_t i = 0; i < state_.size(); ++i)
    if (state_used_[i])
      builder_.add_initializer(state_[i].name, state_[i].value,
                               !state_[i].parameter ? "buffer"
                               : state_[i].frozen   ? "frozen"
                                                    : "");
  return builder_.model();
}

}  // namespace xgrad::onnx
