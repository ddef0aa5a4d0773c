// The chain rule of a graph in words, formulas and numbers, for lecture notes.
#pragma once

#include <string>

#include <xgrad/by_name.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad::viz {

struct ExplainOptions {
  ByName by_name = ByName();
  int most_numbers = 16;     // of a tensor that is written out as a matrix; of larger ones shape and norm
  int most_operations = 60;  // those nearest the root
};

// Markdown with LaTeX between $ and $$, as GitHub, Jupyter and pandoc read it: every operation forward, with formula,
// shape and value, and backward, with dL/dx = dL/dy dy/dx in symbols and in numbers, the sum over uses, and the
// gradients of all leaves. What is known, and when, is as for the page of viz::save(root, "net.html"). ValueError: an
// undefined tensor, most_operations < 1; AutogradError: one that is not on the tape.
XGRAD_API std::string explain(const Tensor& root, const ExplainOptions& options = {},
                              Location at = Location::current());

}  // namespace xgrad::viz
