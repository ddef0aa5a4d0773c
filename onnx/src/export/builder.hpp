// The model that is written, node by node.
#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

#include <xgrad/tensor.hpp>

#include "onnx.pb.h"

namespace xgrad::onnx {

struct NodeAttribute {
  const char* name;
  std::variant<std::int64_t, double, std::string, std::vector<std::int64_t>, std::vector<std::string>, Tensor> value;
};
using NodeAttributes = std::vector<NodeAttribute>;
using Names = std::vector<std::string>;

class Builder {
 public:
  Builder();

  // ValueError is the caller's: false when the name is taken.
  bool reserve(const std::string& name);
  void add_initializer(const std::string& name, const Tensor& value, const std::string& doc);
  // sizes: a number, or the name of a dynamic axis.
  using Sizes = std::vector<std::variant<std::int64_t, std::string>>;
  void add_input(const std::string& name, DType dtype, const Sizes& sizes);
  void add_output(const std::string& name, DType dtype, const Sizes& sizes);

  // Nodes get this name, with a number where it is taken.
  void name_nodes(std::string hint) { hint_ = std::move(hint); }
  // The names of its outputs.
  Names add_node(const std::string& type, const Names& inputs, const NodeAttributes& attributes, std::size_t outputs);
  // The same with these outputs.
  void add_node_to(const std::string& type, const Names& inputs, const NodeAttributes& attributes,
                   const Names& outputs);
  // A Constant, one for equal small tensors.
  std::string constant(const Tensor& value);

  wire::ModelProto& model() { return model_; }

 private:
  std::string unique(const std::string& hint);

  wire::ModelProto model_;
  wire::GraphProto& graph_;
  std::string hint_;
  std::unordered_set<std::string> names_;
  std::unordered_map<std::string, std::size_t> counts_;
  std::map<std::string, std::string> constants_;  // of a small tensor's message, its name
};

}  // namespace xgrad::onnx
