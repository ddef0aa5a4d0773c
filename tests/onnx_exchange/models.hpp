// Networks of all kinds, each with an example of its inputs: what is exported, read again, and run elsewhere.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <xgrad/onnx.hpp>
#include <xgrad/xgrad.hpp>

namespace xgrad::exchange {

struct Exported {
  std::vector<Tensor> inputs, outputs;              // in eval mode
  std::vector<Tensor> other_inputs, other_outputs;  // of another batch size, where the file has one that is dynamic
};
struct Case {
  std::string name;
  std::function<Exported(const std::string& path)> save;
};

// Operations of all kinds.
void add_operations(std::vector<Case>& all);

// Those of the examples come first, as example_NAME.
std::vector<Case> cases();

}  // namespace xgrad::exchange
