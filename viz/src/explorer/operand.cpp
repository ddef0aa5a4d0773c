#include "explorer/operand.hpp"

#include <fmt/format.h>

namespace xgrad::viz {

std::optional<Operand> operand_of(const Picture& p, const tape::Graph& graph, const Places& places, std::size_t op,
                                  const LocalDerivative& d) {
  const int self = places.node_of(op);
  const std::size_t inputs = graph.nodes[op].inputs.size() + graph.nodes[op].data.size();
  for (std::size_t k = 0; k <= inputs; ++k) {
    const int node = k < inputs ? places.whole(places.input(self, k)) : self;
    if (node < 0) continue;
    const Tensor& t = p.nodes[static_cast<std::size_t>(node)].value;
    if (!t.defined() || static_cast<std::size_t>(t.numel()) != d.matrix.size()) continue;
    const std::vector<double> v = t.detach().to_vector<double>();
    for (const bool turned : {false, true})
      if (matrix_is(d, v, turned)) return Operand{node, turned};
  }
  return {};
}

std::string matrix_math(const std::optional<Operand>& operand) {
  if (!operand) return "<mi>J</mi>";
  const std::string name = fmt::format("{{n{}}}", operand->node);
  return operand->turned ? "<msup>" + name + "<mo>⊤</mo></msup>" : name;
}

}  // namespace xgrad::viz
