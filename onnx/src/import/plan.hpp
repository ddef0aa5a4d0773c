// A model that was read: its nodes in the order they run in, and where each value stands.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include <xgrad/module_scope.hpp>
#include <xgrad/tensor.hpp>

#include "onnx.pb.h"

namespace xgrad::onnx {

struct Operator;

using PlanAttribute = std::variant<std::int64_t, double, std::string, Tensor, std::vector<std::int64_t>,
                                   std::vector<double>, std::vector<std::string>>;

constexpr std::int32_t kNoValue = -1;

struct PlanNode {
  const Operator* op = nullptr;
  std::shared_ptr<const ModuleInfo> info;     // its name, and its operator as the label
  std::vector<std::int32_t> inputs, outputs;  // places of values, or kNoValue
  std::map<std::string, PlanAttribute> attributes;
  std::vector<std::int32_t> last_used;  // values that nobody reads after this node
};

// A tensor of the model, and where it is registered.
struct PlanTensor {
  std::string name;
  std::int32_t place = kNoValue;
  Tensor value;
  bool buffer = false, frozen = false;
};

struct PlanInput {
  std::string name;
  std::int32_t place = kNoValue;
  DType dtype = kFloat32;
  bool has_shape = false;
  std::vector<std::int64_t> sizes;      // -1: any
  std::vector<std::string> size_names;  // equal names are equal sizes; or empty
};

struct Plan {
  std::vector<PlanNode> nodes;
  std::vector<PlanInput> inputs;
  std::vector<std::string> input_names, output_names;
  std::vector<std::int32_t> outputs;
  std::vector<PlanTensor> tensors;
  std::vector<Tensor> constants;  // what Constant nodes keep
  std::size_t values = 0;
};

// std::range_error: what is wrong with the model, and in which node.
Plan make_plan(wire::ModelProto& model);

// All outputs. `tensors`: the values of Plan::tensors.
std::vector<Tensor> run_plan(const Plan& plan, const std::vector<Tensor>& tensors, const std::vector<Tensor>& inputs,
                             const Location& at);

}  // namespace xgrad::onnx
