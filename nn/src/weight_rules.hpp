// What with_weight_options() gave a module, and the penalties of its results until they are asked for.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <xgrad/graph_node.hpp>
#include <xgrad/module_scope.hpp>
#include <xgrad/nn/weight_options.hpp>

namespace xgrad::nn {

// The penalties of the results of one call of the program, which may reach a layer several times.
struct PenalisedCall {
  std::shared_ptr<const ModuleCall> outermost;  // that the program made
  bool recorded = false;
  std::vector<Tensor> penalties;
  GraphNode made_by;                                         // the first of the results
  std::vector<std::pair<Tensor, std::uint32_t>> parameters;  // and their versions then
};

// What f makes of a copy of t, of t's shape: f may write the values or assign a tensor. ShapeError in the name of op.
Tensor initial_values(const Initializer& f, const Tensor& t, const char* op, const char* option, const Location& at);

struct WeightRules {
  explicit WeightRules(WeightOptions o) : options(std::move(o)) {}

  const WeightOptions options;
  std::mutex lock;  // of the last calls: several threads may call a model at once, and each asks for its own
  std::map<std::thread::id, PenalisedCall> last_calls;
};

}  // namespace xgrad::nn
