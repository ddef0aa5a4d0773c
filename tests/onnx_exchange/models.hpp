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
  std::string refusal = {};  // not empty: save() must throw a ValueError that has this text
};

// Operations of all kinds.
void add_operations(std::vector<Case>& all);

std::vector<Case> cases();

// The networks of the programs in examples/, example_NAME..., and in its lectures, lecture_NN_topic..., and which
// programs have none. folder: examples/.
struct NoNetwork {
  std::string name, why;
};
void add_example_cases(std::vector<Case>& all, const std::string& folder);
void add_lecture_cases(std::vector<Case>& all);
std::vector<NoNetwork> examples_without_network();
std::vector<NoNetwork> lectures_without_network();

}  // namespace xgrad::exchange
