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
#include "keras/masks.hpp"
#include "keras/modes.hpp"
#include "keras/names.hpp"
#include "keras/samples.hpp"
#include "warnings.hpp"

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

Tensor first_result(const Layer& layer, nn::AnyModule& module, const Tensor& x, const Location& at) {
  const Tensor y = module(x, at);
  if (!mask_of(x).defined() || layer.masks() == Layer::Masks::own) return y;
  if (layer.masks() == Layer::Masks::end) {
    fronts::warn(layer.kind(), "does not pass masks on: that of its input ends here", at);
  } else if (y.defined() && (y.is_same(x) || !mask_of(y).defined())) {  // (a Dropout gives x itself in evaluation)
    module.register_forward_hook([](const nn::Module&, const Tensor& in, const Tensor& out) { pass_mask(in, out); });
    pass_mask(x, y);
  }
  return y;
}

KerasTensor Layer::operator()(const KerasTensor& x, Location at) const {
  const detail::CallSite site(at);
  if (shape_) refuse("Input", "an Input is not called", at);
  const NoGradGuard off;
  const MaskScope masks;
  KerasTensor::Node node;
  node.kind = kind_;
  node.inputs = {x};
  node.module = *called_ ? *called_ : make_(x.shape());
  node.takes_indices = takes_indices_;
  if (!node.module) refuse(kind_, "the layer has no module", at);
  {
    const Evaluating mode(node.module);
    const Tensor sample = sample_of_zeros(x.shape(), takes_indices_);
    if (x.node().masked) set_mask(kind_.c_str(), sample, ones({1, x.shape()[0]}, kBool), at);
    const Tensor y = first_result(*this, node.module, sample, at);
    node.shape = sample_shape(kind_, y, at);
    node.masked = mask_of(y).defined();
  }
  *called_ = node.module;
  return KerasTensor::Node::value(std::move(node));
}

// ---- several values ----

namespace {

KerasTensor joined(const char* op, const std::vector<KerasTensor>& values, Shape shape, bool masked, Join join) {
  KerasTensor::Node node;
  node.masked = masked;
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
  const bool masked = std::ranges::all_of(values, [](const KerasTensor& v) { return v.node().masked; });
  return joined(op, values, values[0].shape(), masked,
                [join = std::move(join)](const std::vector<Tensor>& all, const Location& l) {
                  const Tensor y = join(all, l);
                  pass_common_mask(all, y);
                  return y;
                });
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
  const bool masked = std::ranges::any_of(values, [](const KerasTensor& v) { return v.node().masked; });
  return joined("concatenate", values, Shape(sizes), masked, [dim](const std::vector<Tensor>& all, const Location& l) {
    const Tensor y = cat(all, dim, l);
    pass_joined_mask(all, dim, y);
    return y;
  });
}

// ---- the graph as a module ----

// Whole numbers for layers that want them; an input that is whole numbers for one layer as float32 for others.
Tensor GraphModule::argument(const std::vector<Tensor>& values, std::size_t place, const Step& step) const {
  const Tensor& x = values[place];
  if (step.takes_indices) return x.to(kInt64);
  return place < inputs.size() && takes_indices[place] ? x.to(kFloat32) : x;
}

std::vector<Tensor> GraphModule::forward(const std::vector<Tensor>& x, Location at) const {
  std::vector<Tensor> values = x;
  for (const Step& s : steps) {
    std::vector<Tensor> in;
    for (const std::size_t place : s.from) in.push_back(argument(values, place, s));
    for (const std::size_t place : s.last_used) values[place] = Tensor();
    values.push_back(s.module ? s.module(in[0], at) : s.join(in, at));
  }
  std::vector<Tensor> out;
  for (const std::size_t place : outputs) out.push_back(values[place]);
  return out;
}

Tensor GraphModule::forward(const Tensor& x, Location at) const {
  if (inputs.size() != 1 || outputs.size() != 1)
    refuse("keras::Model",
           fmt::format("takes {} inputs and gives {} results, which only the model itself can be called with",
                       inputs.size(), outputs.size()),
           at);
  return forward(std::vector<Tensor>{x}, at)[0];
}

namespace {

using Nodes = std::vector<const KerasTensor::Node*>;

[[noreturn]] void fail(const std::string& rule, const Location& at) {
  ErrorReport("keras::Model", rule, at)
      .help("all of a model comes from its inputs: keras::Model({x, z}, {y})")
      .value_error();
}

bool is_among(const KerasTensor::Node* node, const std::vector<KerasTensor>& values) {
  return std::ranges::any_of(values, [node](const KerasTensor& v) { return &v.node() == node; });
}

// What lies between inputs and outputs, without the inputs, in the order in which it was made.
Nodes nodes_between(const std::vector<KerasTensor>& inputs, const std::vector<KerasTensor>& outputs,
                    const Location& at) {
  if (inputs.empty() || outputs.empty()) fail("a model has inputs and outputs", at);
  std::set<const KerasTensor::Node*> found;
  Nodes nodes;
  const KerasTensor::Node* foreign = nullptr;  // takes another Input
  for (const KerasTensor& y : outputs) {
    if (is_among(&y.node(), inputs)) fail("there is no layer between input and output", at);
    if (y.node().inputs.empty()) fail("the output is an Input, and not the one given", at);
    if (found.insert(&y.node()).second) nodes.push_back(&y.node());
  }
  for (std::size_t i = 0; i < nodes.size(); ++i)
    for (const KerasTensor& x : nodes[i]->inputs) {
      if (!found.insert(&x.node()).second || is_among(&x.node(), inputs)) continue;
      if (x.node().inputs.empty())
        foreign = nodes[i];
      else
        nodes.push_back(&x.node());
    }
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j)
      if (&inputs[i].node() == &inputs[j].node()) fail(fmt::format("inputs {} and {} are the same value", j, i), at);
    if (found.contains(&inputs[i].node())) continue;
    if (inputs.size() > 1) fail(fmt::format("no output comes from input {}", i), at);
    fail(fmt::format("the output does not come from the input, but from that of {}", foreign->kind), at);
  }
  if (foreign) fail(fmt::format("the output comes from another Input as well, that of {}", foreign->kind), at);
  std::ranges::sort(nodes, {}, &KerasTensor::Node::number);
  return nodes;
}

// Keras's names of the nodes: a layer has one, however often it was called.
std::map<const KerasTensor::Node*, std::string> names_of(const Nodes& nodes) {
  std::map<std::string, int> seen;
  std::map<const KerasTensor::Node*, std::string> names;
  std::vector<const KerasTensor::Node*> first_calls;
  for (const KerasTensor::Node* n : nodes) {
    if (n->module) {
      const auto first = std::ranges::find_if(first_calls, [n](const auto* m) { return m->module.is_same(n->module); });
      if (first != first_calls.end()) {
        names[n] = names[*first];
        continue;
      }
      first_calls.push_back(n);
    }
    const int number = seen[n->kind]++;
    names[n] = number == 0 ? n->kind : fmt::format("{}_{}", n->kind, number);
  }
  return names;
}

GraphModule graph_between(const std::vector<KerasTensor>& inputs, const std::vector<KerasTensor>& outputs,
                          const Location& at) {
  const Nodes nodes = nodes_between(inputs, outputs, at);
  GraphModule graph;
  std::map<const KerasTensor::Node*, std::size_t> place;
  for (const KerasTensor& x : inputs) {
    place.emplace(&x.node(), place.size());
    graph.inputs.push_back(x.shape());
  }
  graph.takes_indices.assign(inputs.size(), false);
  for (const KerasTensor::Node* n : nodes) {
    GraphModule::Step step{n->module, n->join, n->takes_indices, {}, {}};
    for (const KerasTensor& x : n->inputs) step.from.push_back(place.at(&x.node()));
    if (n->takes_indices && step.from[0] < inputs.size()) graph.takes_indices[step.from[0]] = true;
    graph.steps.push_back(std::move(step));
    place.emplace(n, place.size());
  }
  const auto names = names_of(nodes);
  std::set<std::size_t> needed;
  for (const KerasTensor& y : outputs) {
    graph.outputs.push_back(place.at(&y.node()));
    const auto namesakes = std::ranges::count(graph.output_names, names.at(&y.node()));  // of a layer called twice
    graph.output_names.push_back(names.at(&y.node()) + (namesakes > 0 ? fmt::format("_call_{}", namesakes) : ""));
    needed.insert(graph.outputs.back());
  }
  for (std::size_t i = graph.steps.size(); i-- > 0;)
    for (const std::size_t p : graph.steps[i].from)
      if (needed.insert(p).second) graph.steps[i].last_used.push_back(p);
  std::set<std::string> registered;
  for (const KerasTensor::Node* n : nodes)
    if (n->module && registered.insert(names.at(n)).second) graph.register_module(names.at(n), n->module, at);
  return graph;
}

}  // namespace

Model::Model(const std::vector<KerasTensor>& inputs, const std::vector<KerasTensor>& outputs, Location at)
    : Sequential(std::make_shared<GraphModule>([&] {
        const detail::CallSite site(at);
        return graph_between(inputs, outputs, at);
      }())) {}

}  // namespace xgrad::keras
