// The graph that xgrad computed, in its own style, with one node marked.
#pragma once

#include <string>

#include <xgrad/tensor.hpp>

#include "compare.hpp"

namespace course {

// The Graphviz text of xgrad::viz, in which the node of that name has a thick red border, its class is "wrong", and
// what was expected and found stands in it; a line below the picture says the same. Without the mark where no node of
// the picture has that name.
std::string marked_graph(const xgrad::Tensor& result, const Verdict& verdict, const std::string& caption);

// Has Graphviz draw it. Returns the file that was written: the text, beside it, when Graphviz is not there.
std::string draw(const std::string& dot, const std::string& path);

}  // namespace course
