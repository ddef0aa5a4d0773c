#include "import/plan.hpp"

#include <algorithm>
#include <set>
#include <stdexcept>
#include <unordered_map>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/detail/strided_memory.hpp>

#include "file/model_file.hpp"
#include "file/tensor_proto.hpp"
#include "import/operators.hpp"

namespace xgrad::onnx {
namespace {

constexpr std::int64_t kOldestSet = 13, kNewestSet = 17;
constexpr int kMostTensors = 20000;

[[noreturn]] void wrong(const std::string& what) { throw std::range_error(what); }

std::string described(const wire::NodeProto& n, int index) {
  return n.name().empty() ? fmt::format("node {} ({})", index, shown(n.op_type()))
                          : fmt::format("node '{}' ({})", shown(n.name()), shown(n.op_type()));
}

char letter_of(wire::AttributeProto::AttributeType type) {
  switch (type) {
    case wire::AttributeProto::FLOAT:
      return 'f';
    case wire::AttributeProto::INT:
      return 'i';
    case wire::AttributeProto::STRING:
      return 's';
    case wire::AttributeProto::TENSOR:
      return 't';
    case wire::AttributeProto::FLOATS:
      return 'F';
    case wire::AttributeProto::INTS:
      return 'I';
    case wire::AttributeProto::STRINGS:
      return 'S';
    default:
      return 0;
  }
}
const char* type_in_words(char letter) {
  switch (letter) {
    case 'f':
      return "a number";
    case 'i':
      return "a whole number";
    case 's':
      return "a text";
    case 't':
      return "a tensor";
    case 'F':
      return "numbers";
    case 'I':
      return "whole numbers";
    case 'S':
      return "texts";
    default:
      return "something else";
  }
}

PlanAttribute value_of(const wire::AttributeProto& a) {
  switch (a.type()) {
    case wire::AttributeProto::FLOAT:
      return static_cast<double>(a.f());
    case wire::AttributeProto::INT:
      return a.i();
    case wire::AttributeProto::STRING:
      return a.s();
    case wire::AttributeProto::TENSOR:
      return from_proto(a.t());
    case wire::AttributeProto::FLOATS:
      return std::vector<double>(a.floats().begin(), a.floats().end());
    case wire::AttributeProto::INTS:
      return std::vector<std::int64_t>(a.ints().begin(), a.ints().end());
    default:
      return std::vector<std::string>(a.strings().begin(), a.strings().end());
  }
}

class Planner {
 public:
  explicit Planner(wire::ModelProto& model) : model_(model), graph_(*model.mutable_graph()) {}

  Plan make() {
    check_head();
    add_tensors();
    for (const wire::ValueInfoProto& v : graph_.input())
      if (!place_of_.contains(v.name())) add_input(v);  // before IR version 4 initializers are inputs, too
    for (int i = 0; i < graph_.node_size(); ++i)
      for (const std::string& name : graph_.node(i).output())
        if (!name.empty()) made_later_.try_emplace(name, i);
    plan_.nodes.reserve(static_cast<std::size_t>(graph_.node_size()));
    for (int i = 0; i < graph_.node_size(); ++i) add_node(graph_.node(i), i);
    add_outputs();
    plan_.values = static_cast<std::size_t>(next_);
    find_last_uses();
    mark_buffers();
    list_constants();
    return std::move(plan_);
  }

 private:
  void check_head() const {
    if (!model_.has_graph()) wrong("not an ONNX model: it has no graph");
    bool found = false;
    for (const wire::OperatorSetIdProto& set : model_.opset_import()) {
      if (!set.domain().empty() && set.domain() != "ai.onnx") continue;
      if (set.version() < kOldestSet || set.version() > kNewestSet)
        wrong(fmt::format("operator set {}; {} to {} are known", set.version(), kOldestSet, kNewestSet));
      found = true;
    }
    if (!found) wrong("it does not say which operator set it uses");
    if (graph_.initializer_size() > kMostTensors)
      wrong(fmt::format("{} initializers, at most {} are read", graph_.initializer_size(), kMostTensors));
  }

  std::int32_t new_value(const std::string& name, const std::string& what) {
    if (!place_of_.emplace(name, next_).second) wrong(fmt::format("{}: the name '{}' is taken", what, shown(name)));
    return next_++;
  }

  void add_tensors() {
    for (wire::TensorProto& t : *graph_.mutable_initializer()) {
      const std::string what = fmt::format("initializer '{}'", shown(t.name()));
      if (t.name().empty()) wrong("an initializer without a name");
      PlanTensor& to = plan_.tensors.emplace_back();
      to.name = t.name();
      to.place = new_value(t.name(), what);
      try {
        to.value = from_proto(t);
      } catch (const std::range_error& problem) {
        wrong(fmt::format("{}: {}", what, problem.what()));
      }
      to.buffer = !is_floating(to.value.dtype()) || t.doc_string() == "buffer";
      to.frozen = t.doc_string() == "frozen";
      t.Clear();  // its values are twice in memory no longer than this
    }
  }

  void add_input(const wire::ValueInfoProto& v) {
    const std::string what = fmt::format("input '{}'", shown(v.name()));
    if (v.name().empty()) wrong("an input without a name");
    if (!v.type().has_tensor_type()) wrong(what + " is no tensor");
    const wire::TypeProto::Tensor& type = v.type().tensor_type();
    const std::optional<DType> dtype = dtype_of_element_type(type.elem_type());
    if (!dtype) wrong(fmt::format("{}: elements of {}", what, element_type_name(type.elem_type())));
    PlanInput& in = plan_.inputs.emplace_back();
    in.name = v.name();
    in.place = new_value(v.name(), what);
    in.dtype = *dtype;
    in.has_shape = type.has_shape();
    if (type.shape().dim_size() > kMaxRank) wrong(fmt::format("{}: rank {}", what, type.shape().dim_size()));
    for (const auto& d : type.shape().dim()) {
      const bool known = d.value_case() == wire::TensorShapeProto::Dimension::kDimValue;
      if (known && d.dim_value() < 0) wrong(fmt::format("{}: negative size {}", what, d.dim_value()));
      in.sizes.push_back(known ? d.dim_value() : -1);
      in.size_names.push_back(d.dim_param());
    }
    plan_.input_names.push_back(v.name());
  }

  std::int32_t place_of(const std::string& name, const std::string& what) const {
    if (const auto found = place_of_.find(name); found != place_of_.end()) return found->second;
    if (const auto later = made_later_.find(name); later != made_later_.end())
      wrong(fmt::format("{} reads '{}', which {} makes: the nodes form a cycle or are out of order", what, shown(name),
                        described(graph_.node(later->second), later->second)));
    wrong(fmt::format("{} reads '{}', which is no input and no initializer, and nothing makes it", what, shown(name)));
  }

  void add_node(const wire::NodeProto& n, int index) {
    const std::string what = described(n, index);
    const Operator* op = n.domain().empty() || n.domain() == "ai.onnx" ? find_operator(n.op_type()) : nullptr;
    if (!op && n.domain().empty()) wrong(fmt::format("{}: the operator is not known", what));
    if (!op) wrong(fmt::format("{}: the operator of domain '{}' is not known", what, shown(n.domain())));
    check_counts(*op, n, what);
    PlanNode& node = plan_.nodes.emplace_back();
    node.op = op;
    node.info = std::make_shared<const ModuleInfo>(
        ModuleInfo{n.name().empty() ? fmt::format("node {}", index) : shown(n.name()), op->name, nullptr});
    for (const std::string& name : n.input()) node.inputs.push_back(name.empty() ? kNoValue : place_of(name, what));
    for (std::size_t i = 0; i < op->fewest_inputs; ++i)
      if (node.inputs[i] == kNoValue) wrong(fmt::format("{}: input {} is missing", what, i));
    for (const wire::AttributeProto& a : n.attribute()) add_attribute(node, a, what);
    for (const std::string& name : n.output()) node.outputs.push_back(name.empty() ? kNoValue : new_value(name, what));
  }

  static void check_counts(const Operator& op, const wire::NodeProto& n, const std::string& what) {
    const auto inputs = static_cast<std::size_t>(n.input_size()), outputs = static_cast<std::size_t>(n.output_size());
    if (inputs < op.fewest_inputs || inputs > op.most_inputs)
      wrong(fmt::format("{}: {} inputs, it takes {}", what, inputs,
                        op.fewest_inputs == op.most_inputs
                            ? fmt::format("{}", op.most_inputs)
                            : fmt::format("{} to {}", op.fewest_inputs, op.most_inputs)));
    if (outputs < 1 || outputs > op.most_outputs)
      wrong(fmt::format("{}: {} outputs, it has {}", what, outputs, op.most_outputs));
  }

  static void add_attribute(PlanNode& node, const wire::AttributeProto& a, const std::string& what) {
    const std::string name = shown(a.name());
    const char type = attribute_type(*node.op, a.name());
    if (!type) wrong(fmt::format("{}: attribute '{}' is not known", what, name));
    if (!a.ref_attr_name().empty() || letter_of(a.type()) != type)
      wrong(fmt::format("{}: attribute '{}' must be {}", what, name, type_in_words(type)));
    try {
      if (!node.attributes.emplace(a.name(), value_of(a)).second)
        wrong(fmt::format("attribute '{}' is there twice", name));
    } catch (const std::range_error& problem) {
      wrong(fmt::format("{}: {}", what, problem.what()));
    }
  }

  void add_outputs() {
    if (graph_.output_size() == 0) wrong("the model has no output");
    std::set<std::string> seen;
    for (const wire::ValueInfoProto& v : graph_.output()) {
      const std::string what = fmt::format("output '{}'", shown(v.name()));
      const auto found = place_of_.find(v.name());
      if (found == place_of_.end()) wrong(fmt::format("nothing makes the {}", what));
      if (!seen.insert(v.name()).second) wrong(fmt::format("{} is there twice", what));
      plan_.outputs.push_back(found->second);
      plan_.output_names.push_back(v.name());
    }
  }

  void find_last_uses() {
    std::vector<bool> used(plan_.values, false);
    for (const std::int32_t place : plan_.outputs) used[static_cast<std::size_t>(place)] = true;
    for (std::size_t i = plan_.nodes.size(); i-- > 0;) {
      PlanNode& n = plan_.nodes[i];
      for (const std::vector<std::int32_t>* places : {&n.inputs, &n.outputs})
        for (const std::int32_t place : *places) {
          if (place == kNoValue || used[static_cast<std::size_t>(place)]) continue;
          used[static_cast<std::size_t>(place)] = true;
          n.last_used.push_back(place);
        }
    }
  }

  // Means and variances that batch normalisation keeps are not learnt.
  void mark_buffers() {
    std::set<std::int32_t> kept;
    for (const PlanNode& n : plan_.nodes)
      if (std::string_view(n.op->name) == "BatchNormalization") kept.insert({n.inputs[3], n.inputs[4]});
    for (PlanTensor& t : plan_.tensors) t.buffer |= kept.contains(t.place);
  }

  void list_constants() {
    for (const PlanNode& n : plan_.nodes)
      for (const auto& [name, value] : n.attributes)
        if (const auto* t = std::get_if<Tensor>(&value); t && t->numel() > 0) plan_.constants.push_back(*t);
  }

  wire::ModelProto& model_;
  wire::GraphProto& graph_;
  Plan plan_;
  std::unordered_map<std::string, std::int32_t> place_of_;
  std::unordered_map<std::string, int> made_later_;
  std::int32_t next_ = 0;
};

void check_inputs(const Plan& plan, const std::vector<Tensor>& inputs, const Location& at) {
  std::map<std::string, std::int64_t> named;
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    const PlanInput& want = plan.inputs[k];
    const Tensor& x = inputs[k];
    require_defined("onnx::Model", x, at);
    const auto report = [&](const std::string& rule) {
      return ErrorReport("onnx::Model", fmt::format("input '{}' {}", shown(want.name), rule), at).operand("input", x);
    };
    if (x.dtype() != want.dtype)
      report(fmt::format("must be {}, got {}", name(want.dtype), name(x.dtype()))).dtype_error();
    if (!want.has_shape) continue;
    if (x.shape().size() != want.sizes.size())
      report(fmt::format("must be of rank {}, got {}", want.sizes.size(), x.dim())).shape_error();
    for (std::size_t d = 0; d < want.sizes.size(); ++d) {
      const std::int64_t size = x.shape()[d];
      std::int64_t expected = want.sizes[d];
      if (expected < 0 && !want.size_names[d].empty())
        expected = named.try_emplace(want.size_names[d], size).first->second;
      if (expected >= 0 && expected != size)
        report(fmt::format("must have size {} in dimension {}, got {}", expected, d, size)).shape_error();
    }
  }
}

// Whether y is what a node keeps for the next run, or a view of it.
bool is_kept(const Plan& plan, const Tensor& y, const Location& at) {
  if (y.numel() == 0) return false;
  const auto begin = [&](const Tensor& t) {
    return static_cast<const char*>(detail::strided_memory("onnx::Model", t, t.dtype(), at));
  };
  const char* const first = begin(y);
  return std::ranges::any_of(plan.constants, [&](const Tensor& t) {
    const char* const from = begin(t);
    return first >= from && first < from + t.numel() * item_size(t.dtype());
  });
}

}  // namespace

Plan make_plan(wire::ModelProto& model) { return Planner(model).make(); }

std::vector<Tensor> run_plan(const Plan& plan, const std::vector<Tensor>& tensors, const std::vector<Tensor>& inputs,
                             const Location& at) {
  check_inputs(plan, inputs, at);
  std::vector<Tensor> values(plan.values);
  const auto value = [&](std::int32_t place) -> Tensor& { return values[static_cast<std::size_t>(place)]; };
  for (std::size_t k = 0; k < tensors.size(); ++k) value(plan.tensors[k].place) = tensors[k];
  for (std::size_t k = 0; k < inputs.size(); ++k) value(plan.inputs[k].place) = inputs[k];
  for (const PlanNode& n : plan.nodes) {
    std::vector<Tensor> in;
    in.reserve(n.inputs.size());
    for (const std::int32_t place : n.inputs) in.push_back(place == kNoValue ? Tensor() : value(place));
    const detail::ModuleScope scope(n.info);
    Outputs out = n.op->run(Call(n, std::move(in), at));
    for (std::size_t k = 0; k < n.outputs.size(); ++k) {
      if (n.outputs[k] == kNoValue) continue;
      if (k >= out.size() || !out[k].defined())
        ErrorReport(n.op->name, fmt::format("output {} is not supported", k), at).value_error();
      value(n.outputs[k]) = std::move(out[k]);
    }
    for (const std::int32_t place : n.last_used) value(place) = Tensor();
  }
  std::vector<Tensor> results;
  for (const std::int32_t place : plan.outputs) {
    const Tensor& y = value(place);
    results.push_back(is_kept(plan, y, at) ? y.clone(at) : y);
  }
  return results;
}

}  // namespace xgrad::onnx
