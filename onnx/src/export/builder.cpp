#include "export/builder.hpp"

#include <fmt/format.h>

#include "file/tensor_proto.hpp"

namespace xgrad::onnx {
namespace {

constexpr std::int64_t kIrVersion = 8, kOperatorSet = 17;

void set_value(wire::AttributeProto& a, const NodeAttribute& from) {
  a.set_name(from.name);
  if (const auto* i = std::get_if<std::int64_t>(&from.value)) {
    a.set_type(wire::AttributeProto::INT);
    a.set_i(*i);
  } else if (const auto* f = std::get_if<double>(&from.value)) {
    a.set_type(wire::AttributeProto::FLOAT);
    a.set_f(static_cast<float>(*f));
  } else if (const auto* s = std::get_if<std::string>(&from.value)) {
    a.set_type(wire::AttributeProto::STRING);
    a.set_s(*s);
  } else if (const auto* ints = std::get_if<std::vector<std::int64_t>>(&from.value)) {
    a.set_type(wire::AttributeProto::INTS);
    for (const std::int64_t n : *ints) a.add_ints(n);
  } else if (const auto* texts = std::get_if<std::vector<std::string>>(&from.value)) {
    a.set_type(wire::AttributeProto::STRINGS);
    for (const std::string& text : *texts) a.add_strings(text);
  } else {
    a.set_type(wire::AttributeProto::TENSOR);
    *a.mutable_t() = to_proto(std::get<Tensor>(from.value), "");
  }
}

void describe(wire::ValueInfoProto& v, const std::string& name, DType dtype, const Builder::Sizes& sizes) {
  v.set_name(name);
  wire::TypeProto::Tensor& type = *v.mutable_type()->mutable_tensor_type();
  type.set_elem_type(element_type_of(dtype));
  wire::TensorShapeProto& shape = *type.mutable_shape();  // there, also of a tensor without dimensions
  for (const auto& size : sizes) {
    auto& dim = *shape.add_dim();
    if (const auto* n = std::get_if<std::int64_t>(&size))
      dim.set_dim_value(*n);
    else
      dim.set_dim_param(std::get<std::string>(size));
  }
}

}  // namespace

Builder::Builder() : graph_(*model_.mutable_graph()) {
  model_.set_ir_version(kIrVersion);
  model_.set_producer_name("xgrad");
  wire::OperatorSetIdProto& set = *model_.add_opset_import();
  set.set_domain("");
  set.set_version(kOperatorSet);
  graph_.set_name("graph");
}

bool Builder::reserve(const std::string& name) { return names_.insert(name).second; }

std::string Builder::unique(const std::string& hint) {
  if (reserve(hint)) return hint;
  for (std::size_t& n = counts_[hint];;) {
    std::string name = fmt::format("{}_{}", hint, ++n);
    if (reserve(name)) return name;
  }
}

void Builder::add_initializer(const std::string& name, const Tensor& value, const std::string& doc) {
  wire::TensorProto& t = *graph_.add_initializer();
  t = to_proto(value, name);
  if (!doc.empty()) t.set_doc_string(doc);
}

void Builder::add_input(const std::string& name, DType dtype, const Sizes& sizes) {
  describe(*graph_.add_input(), name, dtype, sizes);
}
void Builder::add_output(const std::string& name, DType dtype, const Sizes& sizes) {
  describe(*graph_.add_output(), name, dtype, sizes);
}

Names Builder::add_node(const std::string& type, const Names& inputs, const NodeAttributes& attributes,
                        std::size_t outputs) {
  Names names;
  const std::string base = hint_.empty() ? type : fmt::format("{}/{}", hint_, type);
  for (std::size_t k = 0; k < outputs; ++k) names.push_back(unique(base + "_output"));
  add_node_to(type, inputs, attributes, names);
  return names;
}

void Builder::add_node_to(const std::string& type, const Names& inputs, const NodeAttributes& attributes,
                          const Names& outputs) {
  wire::NodeProto& node = *graph_.add_node();
  node.set_op_type(type);
  node.set_name(unique(hint_.empty() ? type : fmt::format("{}/{}", hint_, type)));
  for (const std::string& name : inputs) node.add_input(name);
  for (const std::string& name : outputs) node.add_output(name);
  for (const NodeAttribute& a : attributes) set_value(*node.add_attribute(), a);
}

std::string Builder::constant(const Tensor& value) {
  constexpr std::int64_t kSmall = 64;
  if (value.numel() > kSmall) return add_node("Constant", {}, {{"value", value}}, 1)[0];
  std::string& name = constants_[to_proto(value, "").SerializeAsString()];
  if (name.empty()) name = add_node("Constant", {}, {{"value", value}}, 1)[0];
  return name;
}

}  // namespace xgrad::onnx
