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
  Join join = {};
  std::uint64_t number = 0;  // in the order in which values were made: greater than those of its inputs

  static KerasTensor value(Node node);
  Node() = default;
  Node(Node&&) = default;
  ~Node();  // of graphs of any depth
};

// Runs the nodes in an order in which inputs come first; the last one is the result.
struct GraphModule : nn::Layer<GraphModule> {
  struct Step {
    nn::AnyModule module;  // or, where it is empty,
    Join join;
    bool takes_indices;
    std::vector<std::size_t> from;       // places of values; 0 is the input, i + 1 the value of step i
    std::vector<std::size_t> last_used;  // places whose values no later step needs
  };
  std::vector<Step> steps;
  bool takes_indices = false;  // the input is whole numbers, which some layer takes as such
  GraphModule() : Layer("Functional") {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const;

 private:
  Tensor argument(const std::vector<Tensor>& values, std::size_t place, const Step& step) const;
};

}  // namespace xgrad::keras
