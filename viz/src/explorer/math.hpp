// Nodes as symbols, operations as formulas, structures in words. Formulas in symbols are there for the operations that
// lectures use; every other one is y = f(x). The numbers of the page never come from here.
//
// MathML with places for the page to fill in: {n3} is the symbol of node 3, {dn3} dL/d of it.
#pragma once

#include <string>
#include <vector>

#include "explorer/local_derivative.hpp"
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
std::string slope_math(const Picture& p, int node, const std::vector<int>& inputs, std::size_t position);
// dL/dx = ... as the structure says. from: the result whose gradient arrives. matrix: MathML of K.
std::string chain_rule_math(const LocalDerivative* d, int from, int to, const std::string& slope,
                            const std::string& matrix, std::size_t in_numel);

// The steps that are no operation.
const char* start_words();
const char* seed_words();
const char* end_words();
// What an operation does, and what a local derivative means: one or two sentences. m, n: numbers of y and of x.
std::string operation_words(const Picture& p, int node, const std::vector<int>& inputs);
std::string structure_words(const LocalDerivative* d, std::size_t m, std::size_t n);
// How often each x is read, of what is `picked`.
std::vector<int> reads(const LocalDerivative& d, std::size_t n);

// At most 14 characters, the middle left out.
std::string short_name_of(const std::string& name);

}  // namespace xgrad::viz
