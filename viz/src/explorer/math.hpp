// Nodes as symbols, operations as formulas, structures in words. Formulas in symbols are rows of formulas.hpp; every
// other operation is y = f(x). The numbers of the page never come from here.
//
// MathML with places for the page to fill in: {n3} is the symbol of node 3, {dn3} dL/d of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "explorer/chain.hpp"
#include "picture.hpp"

namespace xgrad::viz {

// MathML of a node's symbol, and the same as text.
std::string symbol_math(const Picture& p, int node);
std::string symbol_text(const Picture& p, int node);
// What lectures call dL/dz; empty for what is no z.
std::string delta_math(const PicNode& n);

// y = f(inputs). inputs: nodes by position, -1 for one that is not in the picture.
std::string formula_math(const Picture& p, int node, const std::vector<int>& inputs);
// dy/dx of the input at a position.
struct Slope {
  std::string math;         // of numbers that depend on one number each
  std::string each, index;  // of result number `index`, where several depend on one
};
Slope slope_math(const Picture& p, int node, const std::vector<int>& inputs, std::size_t position);
// Which product the derivative by the input at a position is; of several with the same numbers, where a size is 1.
std::optional<Product> expected_product(const tape::OpNode& op, std::size_t position);
// dL/dx = ... of a term whose local derivative was too large to be read; empty when nothing is known of it.
std::string known_rule_math(const tape::OpNode& op, const Term& t, const std::vector<int>& inputs, int from, int to,
                            const Slope& slope);
// dL/dx = ... as the structure says. from: the result whose gradient arrives. matrix: MathML of K.
std::string chain_rule_math(const LocalDerivative* d, int from, int to, const Slope& slope, const std::string& matrix,
                            std::size_t in_numel);

// The steps that are no operation.
const char* start_words();
// Whether what is differentiated is the result itself; else it is the sum of the results, each times its number of the
// seed, which formulas call by the name that objective_math gives.
bool is_plain_seed(const Tensor& seed);
std::string objective_math();
std::string seed_words(const Tensor& seed);
const char* end_words();
// What an operation does, and what a local derivative means: one or two sentences. m: numbers of the result.
std::string operation_words(const Picture& p, int node, const std::vector<int>& inputs);
std::string structure_words(const Term& t, std::size_t m, const tape::OpNode& op);
// How often each x is read, of what is `picked`.
std::vector<int> reads(const LocalDerivative& d, std::size_t n);

// At most 14 characters, the middle left out.
std::string short_name_of(const std::string& name);

}  // namespace xgrad::viz
