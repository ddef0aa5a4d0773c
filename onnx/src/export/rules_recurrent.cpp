// LSTM, GRU and RNN: one direction of one layer, or one step, is one node. ONNX has the gates in another order (i, o,
// f, c and z, r, h), so the weights go through nodes that change it: the file keeps them as they are named.
#include "export/rules.hpp"

namespace xgrad::onnx {
namespace {

// Where operands stand.
enum : std::size_t { kX, kH, kC, kWeightIh, kWeightHh, kBiasIh, kBiasHh };

struct Cell {
  const char* type;
  std::vector<std::int64_t> order;  // where ONNX's gates stand among those of this library
  bool has_cell = false;
  NodeAttributes attributes = {};
};

Cell cell_of(const Op& op) {
  const std::string& name = op.name();
  if (name.starts_with("lstm")) return {"LSTM", {0, 3, 1, 2}, true};
  if (name.starts_with("gru")) return {"GRU", {1, 0, 2}, false, {{"linear_before_reset", std::int64_t{1}}}};
  const bool relu = name.starts_with("rnn_relu");
  return {"RNN", {0}, false, {{"activations", std::vector<std::string>{relu ? "Relu" : "Tanh"}}}};
}

std::string reordered(Op& op, const std::string& weight, const Cell& cell, std::int64_t hidden) {
  if (cell.order.size() == 1) return weight;
  const Names gates = op.emit_many("Split", {weight, op.list(std::vector<std::int64_t>(cell.order.size(), hidden))},
                                   {{"axis", std::int64_t{0}}}, cell.order.size());
  Names sorted;
  for (const std::int64_t gate : cell.order) sorted.push_back(gates[static_cast<std::size_t>(gate)]);
  return op.emit("Concat", sorted, {{"axis", std::int64_t{0}}});
}

// With a dimension of size 1 in front: of directions, or of steps.
std::string in_front(Op& op, const std::string& value) { return op.emit("Unsqueeze", {value, op.list({0})}); }
std::string without(Op& op, const std::string& value, std::int64_t dim) {
  return op.emit("Squeeze", {value, op.list({dim})});
}

void recurrent(Op& op) {
  const Cell cell = cell_of(op);
  const bool step = op.name().ends_with("_cell");
  const std::int64_t hidden = op.shape_in(kWeightHh)[1];
  const auto weight = [&](std::size_t i) { return reordered(op, op.in(i), cell, hidden); };
  Names inputs{step ? in_front(op, op.in(kX)) : op.in(kX),
               in_front(op, weight(kWeightIh)),
               in_front(op, weight(kWeightHh)),
               "",
               "",
               "",
               ""};
  if (op.has(kBiasIh) || op.has(kBiasHh)) {
    if (!op.has(kBiasIh) || !op.has(kBiasHh)) op.refuse("ONNX needs both biases or none");
    const std::string both = op.emit("Concat", {weight(kBiasIh), weight(kBiasHh)}, {{"axis", std::int64_t{0}}});
    inputs[3] = in_front(op, both);
  }
  if (op.has(kH)) inputs[5] = in_front(op, op.in(kH));
  if (cell.has_cell && op.has(kC)) inputs[6] = in_front(op, op.in(kC));
  while (inputs.back().empty()) inputs.pop_back();
  NodeAttributes attributes = cell.attributes;
  attributes.push_back({"hidden_size", hidden});
  if (!step && op.flag("reverse")) attributes.push_back({"direction", std::string("reverse")});
  const Names y = op.emit_many(cell.type, inputs, attributes, cell.has_cell ? 3 : 2);
  std::size_t k = 0;
  if (!step) op.set_result(without(op, y[0], 1), k++);
  op.set_result(without(op, y[1], 0), k++);
  if (cell.has_cell) op.set_result(without(op, y[2], 0), k);
}

}  // namespace

std::span<const NamedRule> recurrent_rules() {
  static const NamedRule all[] = {
      {"gru", recurrent},      {"gru_cell", recurrent},      {"lstm", recurrent},     {"lstm_cell", recurrent},
      {"rnn_relu", recurrent}, {"rnn_relu_cell", recurrent}, {"rnn_tanh", recurrent}, {"rnn_tanh_cell", recurrent},
  };
  return all;
}

}  // namespace xgrad::onnx
