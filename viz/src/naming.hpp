// Words for what is drawn.
#pragma once

#include <string>
#include <vector>

#include <xgrad/tape.hpp>

namespace xgrad::viz {

std::string shortened(const std::string& name, std::size_t longest);  // characters
std::string place_of(const tape::OpNode& op);                         // "train.cpp:42"
std::string shortest(double v);                                       // "0.1", for the float next to it as well
// What is common to the names of copies: "layers.*.weight" of layers.0.weight and layers.1.weight.
std::string common_name(const std::vector<std::string>& names);

// Of an output behind the first: "lstm: h_n", torch.nn's name where it has one, or "split: output 2".
std::string title_of_further_output(const tape::OpNode& op, std::size_t k);

}  // namespace xgrad::viz
