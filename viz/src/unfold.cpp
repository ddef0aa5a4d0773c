#include "unfold.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include <xgrad/autograd.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/factory.hpp>
#include <xgrad/record.hpp>

#include "compose.hpp"

namespace xgrad::viz {
namespace {

const tape::Input& input_of(const tape::OpNode& op, std::size_t k) {
  return k < op.inputs.size() ? op.inputs[k] : op.data[k - op.inputs.size()];
}
std::size_t inputs_of(const tape::OpNode& op) { return op.inputs.size() + op.data.size(); }
bool is_given(const tape::Input& in) { return in.node != -1 || in.source; }
bool takes_gradient(const tape::Input& in) { return in.node != -1 || in.leaf.defined(); }

// What an operation read at a position; undefined when that is not known any more.
Tensor value_read(const tape::Graph& graph, const tape::OpNode& op, std::size_t k) {
  for (std::size_t s = 0; s < op.saved.size(); ++s)
    if (op.saved_as[s].input == static_cast<std::int32_t>(k)) return op.saved[s];
  const tape::Input& in = input_of(op, k);
  if (in.source) return in.source->value;
  if (in.node < 0) return Tensor();
  const std::vector<Tensor>& values = graph.nodes[static_cast<std::size_t>(in.node)].values;
  return in.output < values.size() ? values[in.output] : Tensor();
}
Tensor value_given(const tape::OpNode& op, std::uint32_t output) {
  if (output < op.values.size() && op.values[output].defined()) return op.values[output];
  for (std::size_t s = 0; s < op.saved.size(); ++s)
    if (op.saved_as[s].output == static_cast<std::int32_t>(output)) return op.saved[s];
  return Tensor();
}

bool are_close(const Tensor& a, const Tensor& b) {
  if (!(a.shape() == b.shape())) return false;
  const std::vector<double> x = a.detach().to_vector<double>(), y = b.detach().to_vector<double>();
  double most = 0, apart = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (std::isnan(x[i]) != std::isnan(y[i])) return false;
    if (std::isnan(x[i]) || x[i] == y[i]) continue;
    most = std::max(most, std::fabs(x[i]));
    apart = std::max(apart, std::fabs(x[i] - y[i]));
  }
  return apart <= 1e-4 * most;
}

// One layer as a graph of its own.
struct Part {
  std::vector<Tensor> inputs;  // as leaves, undefined where none was given
  Tensor root;                 // reads the results; its operation is the last one of the graph
  tape::Graph graph;
};

// Reads the results of a layer, and sends each of them the gradient that the layer received.
Tensor joined(const std::vector<Tensor>& results, const std::vector<Tensor>& grads) {
  std::vector<Tensor> kept(grads);
  kept.resize(results.size());
  return record("results", zeros({}, {.dtype = results[0].dtype()}), results, kept,
                [n = results.size()](const xgrad::Saved& s, const Tensor& g) -> Grads {
                  std::vector<Tensor> sent;
                  for (std::size_t k = 0; k < n; ++k) sent.push_back(s[k].defined() ? s[k] * g : Tensor());
                  return sent;
                });
}

std::vector<Tensor> leaves_like(const tape::Graph& graph, const tape::OpNode& op) {
  std::vector<Tensor> all(inputs_of(op));
  for (std::size_t k = 0; k < all.size(); ++k) {
    const tape::Input& in = input_of(op, k);
    if (!is_given(in)) continue;
    const Tensor value = value_read(graph, op, k);
    if (!value.defined()) return {};
    all[k] = value.detach();
    if (takes_gradient(in)) all[k].requires_grad_();
    if (in.source && !in.source->name.empty()) all[k].set_name(in.source->name);
  }
  return all;
}

// Undefined root: its inputs are not known, or it is something else than what the operation computed.
Part part_of(const tape::Graph& graph, const tape::OpNode& op) {
  Part part;
  part.inputs = leaves_like(graph, op);
  if (part.inputs.empty()) return part;
  const GradModeGuard on(true);
  const TapeRecorder recorder;
  const auto layer =
      std::make_shared<const ModuleInfo>(ModuleInfo{op.op, composed_label(op), op.module ? op.module->info : nullptr});
  std::vector<Tensor> results;
  {
    const xgrad::detail::ModuleScope scope(layer);
    results = compose(op, part.inputs, layer);
  }
  if (results.size() != op.shapes.size()) return part;
  for (std::uint32_t k = 0; k < results.size(); ++k) {
    const Tensor before = value_given(op, k);
    if (!results[k].requires_grad() || (before.defined() && !are_close(before, results[k]))) return part;
  }
  const Tensor root = joined(results, op.grads);
  if (std::ranges::any_of(op.grads, &Tensor::defined)) root.backward({.retain_graph = true});
  part.graph = tape::collect(root);
  part.root = root;
  return part;
}

// The calls of a part, inside of the call that its layer was in.
class PartCalls {
 public:
  explicit PartCalls(std::shared_ptr<const ModuleCall> around) : around_(std::move(around)) {}
  std::shared_ptr<const ModuleCall> inside(const std::shared_ptr<const ModuleCall>& call,
                                           const std::shared_ptr<const ModuleCall>& outermost) {
    if (call == outermost || !call) return around_;
    std::shared_ptr<const ModuleCall>& made = made_[call.get()];
    if (!made)
      made = std::make_shared<const ModuleCall>(ModuleCall{call->info, inside(call->parent, outermost), call->id});
    return made;
  }

 private:
  std::shared_ptr<const ModuleCall> around_;
  std::map<const ModuleCall*, std::shared_ptr<const ModuleCall>> made_;
};

class Splicer {
 public:
  Splicer(const tape::Graph& before, Origins& origins) : before_(before), origins_(origins) {
    for (const tape::OpNode& op : before.nodes)
      for (const std::vector<tape::Input>* list : {&op.inputs, &op.data})
        for (const tape::Input& in : *list)
          if (in.source) next_id_ = std::max(next_id_, in.source->id + 1);
  }

  tape::Graph run(std::map<std::size_t, Part>& parts) {
    tape::Graph after = before_;
    after.nodes.clear();
    for (std::size_t i = 0; i < before_.nodes.size(); ++i) {
      const auto part = parts.find(i);
      if (part == parts.end())
        keep(after, i);
      else
        splice(after, i, part->second);
    }
    if (before_.root >= 0) {
      const Result r = results_[{before_.root, before_.root_output}];
      after.root = r.node, after.root_output = r.output;
    }
    return after;
  }

 private:
  struct Result {
    std::int64_t node;
    std::uint32_t output;
  };
  static std::int64_t size_of(const tape::Graph& g) { return static_cast<std::int64_t>(g.nodes.size()); }

  void redirect(tape::Input& in) const {
    if (in.node < 0) return;
    const Result& r = results_.at({in.node, in.output});
    in.node = r.node, in.output = r.output;
  }
  void keep(tape::Graph& after, std::size_t i) {
    tape::OpNode op = before_.nodes[i];
    for (std::vector<tape::Input>* list : {&op.inputs, &op.data})
      for (tape::Input& in : *list) redirect(in);
    for (std::uint32_t k = 0; k < op.shapes.size(); ++k)
      results_[{static_cast<std::int64_t>(i), k}] = {size_of(after), k};
    origins_.of.push_back({0, i});
    after.nodes.push_back(std::move(op));
  }

  void splice(tape::Graph& after, std::size_t i, Part& part) {
    const tape::OpNode& layer = before_.nodes[i];
    const std::int64_t first = size_of(after);
    const std::size_t root = origins_.others.size() + 1, last = part.graph.nodes.size() - 1;
    origins_.others.push_back(part.root);
    PartCalls calls(layer.module);
    for (std::size_t j = 0; j < last; ++j) {
      tape::OpNode op = part.graph.nodes[j];
      op.at = layer.at;
      op.module = calls.inside(op.module, xgrad::detail::current_module());
      for (std::vector<tape::Input>* list : {&op.inputs, &op.data})
        for (tape::Input& in : *list) connect(in, layer, part, first);
      origins_.of.push_back({root, j});
      after.nodes.push_back(std::move(op));
    }
    const tape::OpNode& ends = part.graph.nodes[last];
    for (std::uint32_t k = 0; k < layer.shapes.size(); ++k) {
      const tape::Input& in = ends.inputs[k];
      results_[{static_cast<std::int64_t>(i), k}] = {first + in.node, in.output};
      if (!layer.names[k].empty())
        after.nodes[static_cast<std::size_t>(first + in.node)].names[in.output] = layer.names[k];
    }
    next_id_ += ids_of_part_;
    ids_of_part_ = 0;
  }
  // Inputs of the part that stand for those of the layer become those.
  void connect(tape::Input& in, const tape::OpNode& layer, const Part& part, std::int64_t first) {
    if (in.node >= 0) {
      in.node += first;
      return;
    }
    if (!in.source) return;
    for (std::size_t k = 0; k < part.inputs.size(); ++k) {
      if (!part.inputs[k].defined() || !in.source->tensor.defined() || !in.source->tensor.is_same(part.inputs[k]))
        continue;
      tape::Input outer = input_of(layer, k);
      outer.reached = in.reached, outer.norm = in.norm;
      redirect(outer);
      in = std::move(outer);
      return;
    }
    ids_of_part_ = std::max(ids_of_part_, in.source->id + 1);
    in.source->id += next_id_;
  }

  const tape::Graph& before_;
  Origins& origins_;
  std::map<std::pair<std::int64_t, std::uint32_t>, Result> results_;
  std::size_t next_id_ = 0, ids_of_part_ = 0;
};

}  // namespace

Origins unfold(tape::Graph& graph, const UnfoldLimits& limits) {
  Origins origins;
  origins.collected = graph.nodes.size();
  std::map<std::size_t, Part> parts;
  std::size_t added = 0;
  for (std::size_t i = graph.nodes.size(); i-- > 0;) {
    const tape::OpNode& op = graph.nodes[i];
    if (!can_compose(op) || composed_steps(op) > limits.most_steps) continue;
    const std::size_t operations = composed_operations(op);
    if (added + operations > limits.most_operations) continue;
    Part part = part_of(graph, op);
    if (!part.root.defined()) continue;
    added += operations;
    parts.emplace(i, std::move(part));
  }
  if (parts.empty()) return origins;
  graph = Splicer(graph, origins).run(parts);
  return origins;
}

}  // namespace xgrad::viz
