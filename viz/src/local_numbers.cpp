#include "local_numbers.hpp"

#include <cmath>

#include <xgrad/ops/factory.hpp>

namespace xgrad::viz {

double LocalNumbers::of(const PicNode& operation, std::size_t position) {
  if (operation.known_op.empty() || operation.op < 0) return NAN;
  const auto [at, added] = known_.try_emplace({operation.op, operation.output});
  if (added) at->second = run(static_cast<std::size_t>(operation.op), operation.output);
  return position < at->second.size() ? at->second[position] : NAN;
}

std::vector<double> LocalNumbers::run(std::size_t op, std::uint32_t output) {
  const tape::OpNode& node = recorded_.graph.nodes[op];
  std::vector<Tensor> seeds(node.shapes.size());
  seeds[output] = ones(node.shapes[output], node.dtypes[output]);
  std::vector<double> numbers;
  try {
    if (!again_) again_.emplace(recorded_);
    for (const Tensor& sent : again_->run(op, seeds))
      numbers.push_back(sent.defined() && sent.numel() == 1 ? sent.to_vector<double>()[0] : NAN);
  } catch (const std::exception&) {  // what it had saved is gone or was overwritten: the label has no number then
    return {};
  }
  return numbers;
}

}  // namespace xgrad::viz
