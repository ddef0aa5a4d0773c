// Values that layers were called with, and the module that runs such a graph.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <xgrad/keras/layers.hpp>

namespace xgrad::keras {

// What is made of several values.
using Join = std::function<Tensor(const std::vector<Tensor>&, const Location&)>;

// A value: an Input, what a layer makes of one, or what is made of several.
struct KerasTensor::Node {
  std::string kind;                 // of the layer; "input"
  Shape shape;                      // of a sample
  std::vector<KerasTensor> inputs;  // none: an Input
  nn::AnyModule module = nullptr;   // of a layer
  bool takes_indices = false;
  bool masked = false;  // its value has a mask in calls
  Join join = {};
  std::uint64_t number = 0;  // in the order in which values were made: greater than those of its inputs

  static KerasTensor value(Node node);
  Node() = default;
  Node(Node&&) = default;
  ~Node();  // of graphs of any depth
};

// Runs the nodes in an order in which what they need comes first.
struct GraphModule : nn::Layer<GraphModule> {
  struct Step {
    nn::AnyModule module;  // or, where it is empty,
    Join join;
    bool takes_indices;
    std::vector<std::size_t> from;       // places of values: first the inputs, behind them what the steps give
    std::vector<std::size_t> last_used;  // places whose values nothing needs afterwards
  };
  std::vector<Shape> inputs;        // of one sample
  std::vector<bool> takes_indices;  // the input is whole numbers, which some layer takes as such
  std::vector<Step> steps;
  std::vector<std::size_t> outputs;       // places
  std::vector<std::string> output_names;  // of the layers that make them: "dense", "dense_1"
  GraphModule() : Layer("Functional") {}
  using Layer::Layer;
  // ValueError: the graph has several inputs or outputs.
  Tensor forward(const Tensor& x, Location at = Location::current()) const;
  std::vector<Tensor> forward(const std::vector<Tensor>& x, Location at = Location::current()) const;

 private:
  Tensor argument(const std::vector<Tensor>& values, std::size_t place, const Step& step) const;
};

// The result of the module of a layer for one sample x. From here on the module does with the mask of x what the layer
// says.
Tensor first_result(const Layer& layer, nn::AnyModule& module, const Tensor& x, const Location& at);

}  // namespace xgrad::keras
