#include <algorithm>
#include <atomic>
#include <map>
#include <set>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/call_site.hpp>
#include <xgrad/check.hpp>
#include <xgrad/keras/model.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/ops.hpp>

#include "keras/graph.hpp"
#include "keras/modes.hpp"
#include "keras/names.hpp"
#include "keras/samples.hpp"

namespace xgrad::keras {

// ---- values ----

const Shape& KerasTensor::shape() const { return node_->shape; }
const std::string& KerasTensor::kind() const { return node_->kind; }

KerasTensor KerasTensor::Node::value(Node node) {
  static std::atomic<std::uint64_t> made{0};
  node.number = ++made;
  return KerasTensor(std::make_shared<Node>(std::move(node)));
}

KerasTensor::Node::~Node() {
  std::vector<KerasTensor> ending = std::move(inputs);
  while (!ending.empty()) {
    const std::shared_ptr<Node> node = ending.back().node_;
    ending.pop_back();
    if (node.use_count() > 1) continue;
    ending.insert(ending.end(), node->inputs.begin(), node->inputs.end());
    node->inputs.clear();
  }
}

KerasTensor Input(const Shape& shape, Location at) {
  for (const std::int64_t n : shape)
    if (n < 1) refuse("Input", fmt::format("each size of the shape must be positive, got {}", n), at);
  KerasTensor::Node node;
  node.kind = "input";
  node.shape = shape;
  return KerasTensor::Node::value(std::move(node));
}

Layer::Layer(const KerasTensor& input, Location at)
    : Layer(
          "input", [](const Shape&) { return nn::AnyModule(nn::Identity()); }, at) {
  shape_ = input.shape();
  if (!input.node().inputs.empty())
    ErrorReport("keras::Sequential", fmt::format("the value that {} made is no layer", input.kind()), at)
        .help("keras::Model(input, output) makes a model of values")
        .value_error();
}

KerasTensor Layer::operator()(const KerasTensor& x, Location at) const {
  const detail::CallSite site(at);
  if (shape_) refuse("Input", "an Input is not called", at);
  const NoGradGuard off;
  KerasTensor::Node node;
  node.kind = kind_;
  node.inputs = {x};
  node.module = *called_ ? *called_ : make_(x.shape());
  node.takes_indices = takes_indices_;
  if (!node.module) refuse(kind_, "the layer has no module", at);
  {
    const Evaluating mode(node.module);
    node.shape = sample_shape(kind_, node.module(sample_of_zeros(x.shape(), takes_indices_), at), at);
  }
  *called_ = node.module;
  return KerasTensor::Node::value(std::move(node));
}

// ---- several values ----

namespace {

KerasTensor joined(const char* op, const std::vector<KerasTensor>& values, Shape shape, Join join) {
  KerasTensor::Node node;
  node.kind = op;
  node.shape = std::move(shape);
  node.inputs = values;
  node.join = std::move(join);
  return KerasTensor::Node::value(std::move(node));
}

std::string described(const KerasTensor& x) { return fmt::format("{} of {}", to_string(x.shape()), x.kind()); }

// Of values that must all have one shape.
KerasTensor elementwise(const char* op, const std::vector<KerasTensor>& values, const Location& at, Join join) {
  if (values.empty()) refuse(op, "there are no values", at);
  for (const KerasTensor& v : values)
    if (!(v.shape() == values[0].shape()))
      ErrorReport(op, fmt::format("samples must have one shape, got {} and {}", described(values[0]), described(v)), at)
          .shape_error();
  return joined(op, values, values[0].shape(), std::move(join));
}

// f(f(x0, x1), x2) ...
template <class F>
Join folded(F f) {
  return [f](const std::vector<Tensor>& all, const Location& at) {
    Tensor y = all[0];
    for (std::size_t i = 1; i < all.size(); ++i) y = f(y, all[i], at);
    return y;
  };
}

Join sum_of_values() {
  return folded([](const Tensor& x, const Tensor& y, const Location& at) { return xgrad::add(x, y, 1, at); });
}

}  // namespace

KerasTensor add(const std::vector<KerasTensor>& values, Location at) {
  return elementwise("add", values, at, sum_of_values());
}
KerasTensor multiply(const std::vector<KerasTensor>& values, Location at) {
  return elementwise("multiply", values, at,
                     folded([](const Tensor& x, const Tensor& y, const Location& l) { return mul(x, y, l); }));
}
KerasTensor maximum(const std::vector<KerasTensor>& values, Location at) {
  return elementwise("maximum", values, at, folded([](const Tensor& x, const Tensor& y, const Location& l) {
                       return xgrad::maximum(x, y, l);
                     }));
}
KerasTensor minimum(const std::vector<KerasTensor>& values, Location at) {
  return elementwise("minimum", values, at, folded([](const Tensor& x, const Tensor& y, const Location& l) {
                       return xgrad::minimum(x, y, l);
                     }));
}
KerasTensor subtract(const std::vector<KerasTensor>& values, Location at) {
  if (values.size() != 2) refuse("subtract", fmt::format("takes two values, got {}", values.size()), at);
  return elementwise("subtract", values, at,
                     folded([](const Tensor& x, const Tensor& y, const Location& l) { return sub(x, y, 1, l); }));
}
KerasTensor average(const std::vector<KerasTensor>& values, Location at) {
  return elementwise("average", values, at, [sum = sum_of_values()](const std::vector<Tensor>& all, const Location& l) {
    return div(sum(all, l), Scalar(static_cast<std::int64_t>(all.size())), l);
  });
}

KerasTensor concatenate(const std::vector<KerasTensor>& values, std::int64_t axis, Location at) {
  if (values.empty()) refuse("concatenate", "there are no values", at);
  const Shape& first = values[0].shape();
  const int dim = wrap_dim("concatenate", axis, first.rank() + 1, at);
  if (dim == 0) refuse("concatenate", fmt::format("axis {} is that of the batch", axis), at);
  std::vector<std::int64_t> sizes(first.begin(), first.end());
  sizes[dim - 1] = 0;
  for (const KerasTensor& v : values) {
    bool fits = v.shape().rank() == first.rank();
    for (int i = 0; fits && i < first.rank(); ++i) fits = i == dim - 1 || v.shape()[i] == first[i];
    if (!fits)
      ErrorReport("concatenate",
                  fmt::format("samples must have one shape beside axis {}, got {} and {}", dim, described(values[0]),
                              described(v)),
                  at)
          .shape_error();
    sizes[dim - 1] += v.shape()[dim - 1];
  }
  return joined("concatenate", values, Shape(sizes),
                [dim](const std::vector<Tensor>& all, const Location& l) { return cat(all, dim, l); });
}

// ---- the graph as a module ----

// Whole numbers for layers that want them; the input, where it is whole numbers for one layer, as float32 for others.
Tensor GraphModule::argument(const std::vector<Tensor>& values, std::size_t place, const Step& step) const {
  const Tensor& x = values[place];
  if (step.takes_indices) return x.to(kInt64);
  return place == 0 && takes_indices ? x.to(kFloat32) : x;
}

Tensor GraphModule::forward(const Tensor& x, Location at) const {
  std::vector<Tensor> values{x};
  for (const Step& s : steps) {
    std::vector<Tensor> in;
    for (const std::size_t place : s.from) in.push_back(argument(values, place, s));
    for (const std::size_t place : s.last_used) values[place] = Tensor();
    values.push_back(s.module ? s.module(in[0], at) : s.join(in, at));
  }
  return values.back();
}

namespace {

using Nodes = std::vector<const KerasTensor::Node*>;

// What lies between the two, without the input, in the order in which it was made.
Nodes nodes_between(const KerasTensor& input, const KerasTensor& output, const Location& at) {
  const auto fail = [&](const std::string& rule) {
    ErrorReport("keras::Model", rule, at).help("a model has one input, which all of it must come from").value_error();
  };
  if (&input.node() == &output.node()) fail("there is no layer between input and output");
  std::set<const KerasTensor::Node*> found{&output.node()};
  Nodes nodes{&output.node()};
  const KerasTensor::Node* foreign = nullptr;  // takes another Input
  if (output.node().inputs.empty()) fail("the output is an Input, and not the one given");
  for (std::size_t i = 0; i < nodes.size(); ++i)
    for (const KerasTensor& x : nodes[i]->inputs) {
      if (!found.insert(&x.node()).second || &x.node() == &input.node()) continue;
      if (x.node().inputs.empty())
        foreign = nodes[i];
      else
        nodes.push_back(&x.node());
    }
  const bool connected = found.contains(&input.node());
  if (!connected) fail(fmt::format("the output does not come from the input, but from that of {}", foreign->kind));
  if (foreign) fail(fmt::format("the output comes from another Input as well, that of {}", foreign->kind));
  std::ranges::sort(nodes, {}, &KerasTensor::Node::number);
  return nodes;
}

// Modules by Keras's names, each once.
void register_layers(GraphModule& graph, const Nodes& nodes, const Location& at) {
  std::map<std::string, int> seen;
  std::vector<nn::AnyModule> registered;
  for (const KerasTensor::Node* n : nodes) {
    if (!n->module) continue;
    if (std::ranges::any_of(registered, [&](const nn::AnyModule& m) { return m.is_same(n->module); })) continue;
    registered.push_back(n->module);
    const int number = seen[n->kind]++;
    graph.register_module(number == 0 ? n->kind : fmt::format("{}_{}", n->kind, number), n->module, at);
  }
}

GraphModule graph_between(const KerasTensor& input, const KerasTensor& output, const Location& at) {
  const Nodes nodes = nodes_between(input, output, at);
  GraphModule graph;
  std::map<const KerasTensor::Node*, std::size_t> place{{&input.node(), 0}};
  for (const KerasTensor::Node* n : nodes) {
    GraphModule::Step step{n->module, n->join, n->takes_indices, {}, {}};
    for (const KerasTensor& x : n->inputs) step.from.push_back(place.at(&x.node()));
    graph.takes_indices |= n->takes_indices && step.from[0] == 0;
    graph.steps.push_back(std::move(step));
    place[n] = graph.steps.size();
  }
  std::set<std::size_t> needed;
  for (std::size_t i = graph.steps.size(); i-- > 0;)
    for (const std::size_t p : graph.steps[i].from)
      if (needed.insert(p).second) graph.steps[i].last_used.push_back(p);
  register_layers(graph, nodes, at);
  return graph;
}

std::vector<Layer> layers_between(const KerasTensor& input, const KerasTensor& output, const Location& at) {
  const detail::CallSite site(at);
  const GraphModule graph = graph_between(input, output, at);
  const auto make = [graph](const Shape&) { return nn::AnyModule(graph); };
  return {Input(input.shape(), at),
          graph.takes_indices ? Layer::of_indices("functional", make) : Layer("functional", make)};
}

}  // namespace

Model::Model(const KerasTensor& input, const KerasTensor& output, Location at)
    : Sequential(layers_between(input, output, at), at) {}

}  // namespace xgrad::keras
