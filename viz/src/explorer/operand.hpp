// Which tensor the matrix of a product is, among those that the operation knows.
#pragma once

#include <optional>

#include "explorer/chain.hpp"
#include "explorer/places.hpp"

namespace xgrad::viz {

struct Operand {
  int node;
  bool turned;  // the matrix is its transpose
};
std::optional<Operand> operand_of(const Picture& p, const tape::Graph& graph, const Places& places, std::size_t op,
                                  const LocalDerivative& d);
// MathML of it, or of J.
std::string matrix_math(const std::optional<Operand>& operand);

}  // namespace xgrad::viz
