#include "export/trace.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <map>
#include <unordered_map>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>
#include <xgrad/detail/raw_bytes.hpp>
#include <xgrad/detail/trace_all.hpp>
#include <xgrad/tape.hpp>

namespace xgrad::onnx {
namespace {

// Joins the graphs of all outputs.
class Tracer {
 public:
  Tracer(const std::vector<Tensor>& leaves, const std::vector<StateTensor>& state, const Location& at) : at_(at) {
    for (std::size_t i = 0; i < leaves.size(); ++i) known_[leaves[i].id()] = {Operand::From::input, i};
    for (std::size_t i = 0; i < state.size(); ++i) known_[state[i].value.id()] = {Operand::From::state, i};
  }

  void add_output(const Tensor& y) {
    if (const auto known = known_.find(y.id()); known != known_.end()) {
      trace_.outputs.push_back(operand(known->second, y));
      return;
    }
    const tape::Graph graph = tape::collect(y);
    if (graph.root < 0) {
      trace_.outputs.push_back(constant(y));
      return;
    }
    places_.assign(graph.nodes.size(), 0);
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
      const tape::OpNode& n = graph.nodes[i];
      const auto [found, is_new] = steps_.try_emplace(n.sequence, trace_.steps.size());
      places_[i] = found->second;
      if (is_new) add_step(n);
    }
    const std::size_t root = places_[static_cast<std::size_t>(graph.root)];
    trace_.outputs.push_back(step_output(root, graph.root_output));
  }

  Trace take() { return std::move(trace_); }

 private:
  struct Known {
    Operand::From from;
    std::size_t index;
  };

  static Operand operand(const Known& k, const Tensor& t) { return {k.from, k.index, 0, t.shape(), t.dtype()}; }
  Operand step_output(std::size_t step, std::uint32_t output) const {
    const Step& s = trace_.steps[step];
    return {Operand::From::step, step, output, s.shapes[output], s.dtypes[output]};
  }
  Operand constant(const Tensor& value) {
    trace_.constants.push_back(value.detach());
    return {Operand::From::constant, trace_.constants.size() - 1, 0, value.shape(), value.dtype()};
  }

  void add_step(const tape::OpNode& n) {
    Step s;
    s.op = n.op;
    s.of_library = n.of_library;
    s.at = n.at;
    s.module = n.module ? n.module->path() : "";
    s.attributes = n.attributes;
    s.shapes = n.shapes;
    s.dtypes = n.dtypes;
    s.keeps = !n.saved_as.empty();
    for (const std::vector<tape::Input>* list : {&n.inputs, &n.data})
      for (const tape::Input& in : *list) s.operands.push_back(operand_of(in, s));
    trace_.steps.push_back(std::move(s));
  }

  Operand operand_of(const tape::Input& in, const Step& step) {
    if (in.node >= 0) return step_output(places_[static_cast<std::size_t>(in.node)], in.output);
    if (!in.source) return {};
    if (in.source->tensor.defined())
      if (const auto known = known_.find(in.source->tensor.id()); known != known_.end())
        return operand(known->second, in.source->tensor);
    if (!in.source->value.defined()) {
      ErrorReport report(kOp, "a tensor that the operation read is gone, so its values cannot be written", at_);
      onnx::add_step(report, step).value_error();
    }
    if (const auto seen = sources_.find(in.source->value.id()); seen != sources_.end()) return seen->second;
    return sources_[in.source->value.id()] = constant(in.source->value);
  }

  const Location& at_;
  Trace trace_;
  std::unordered_map<const void*, Known> known_;
  std::unordered_map<const void*, Operand> sources_;
  std::map<std::uint64_t, std::size_t> steps_;  // by the number of the node
  std::vector<std::size_t> places_;
};

bool same_values(const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype() || !(a.shape() == b.shape())) return false;
  const Tensor x = a.contiguous(), y = b.contiguous();
  const auto bytes = static_cast<std::size_t>(x.numel()) * static_cast<std::size_t>(item_size(x.dtype()));
  return bytes == 0 || std::memcmp(detail::raw_bytes(x), detail::raw_bytes(y), bytes) == 0;
}

bool same_options(const Attributes& a, const Attributes& b) {
  return std::ranges::equal(
      a, b, [](const Attribute& x, const Attribute& y) { return x.name == y.name && same_option(x.value, y.value); });
}

bool same_place(const Operand& a, const Operand& b) {
  return a.from == b.from && a.output == b.output && a.dtype == b.dtype &&
         (a.from == Operand::From::constant || a.index == b.index) && a.shape.rank() == b.shape.rank();
}

[[noreturn]] void different(const Step* step, bool sizes_differ, const std::string& what, const Location& at) {
  ErrorReport report(kOp,
                     fmt::format("{} depends on {} of an input, which the recorded graph does not show", what,
                                 sizes_differ ? "a size" : "the values"),
                     at);
  if (step) add_step(report, *step);
  report.help("what reads values in C++ (item(), to_vector(), data()), or branches on them, cannot be exported")
      .value_error();
}

}  // namespace

bool same_option(const AttributeValue& a, const AttributeValue& b) {
  const double *x = std::get_if<double>(&a), *y = std::get_if<double>(&b);
  return a == b || (x && y && std::isnan(*x) && std::isnan(*y));
}

ErrorReport& add_step(ErrorReport& report, const Step& step) {
  report.line("operation", fmt::format("{}, called at {}:{}", step.op,
                                       std::filesystem::path(step.at.file_name()).filename().string(), step.at.line()));
  if (!step.module.empty()) report.line("module", step.module);
  return report;
}

std::vector<StateTensor> state_of(const nn::Module& model, const Location& at) {
  std::vector<StateTensor> all;
  for (const auto& [name, t] : model.named_parameters(true, at))
    if (t.defined()) all.push_back({name, t, true, !t.requires_grad()});
  for (const auto& [name, t] : model.named_buffers(true, at))
    if (t.defined()) all.push_back({name, t});
  return all;
}

ExportMode::ExportMode(const nn::Module& model) : kept_(model.parameters()) {
  for (nn::Module& m : model.modules()) modes_.emplace_back(m, m.is_training());
  nn::Module handle = model;
  handle.eval();
  for (Tensor& p : model.parameters())
    if (p.defined() && is_floating(p.dtype()) && !p.requires_grad()) frozen_.push_back(p.requires_grad_(true));
  for (const auto& [name, b] : model.named_buffers())
    if (b.defined()) buffers_.push_back({name, b, b.version()});
}
void ExportMode::require_unchanged_buffers(const Location& at) const {
  for (const Buffer& b : buffers_)
    if (b.tensor.version() != b.version)
      ErrorReport(kOp, fmt::format("the model changes its buffer '{}' in eval mode; a file has no state", b.name), at)
          .operand("buffer", b.tensor)
          .value_error();
}
ExportMode::~ExportMode() {
  for (Tensor& p : frozen_) p.requires_grad_(false);
  // From the root inwards: train() of a module sets those within it.
  for (auto& [module, training] : modes_)
    if (module.is_training() != training) module.train(training);
}

Trace trace(const detail::OnnxCall& call, const std::vector<Tensor>& inputs, const std::vector<StateTensor>& state,
            const Location& at) {
  const GradModeGuard on(true);
  const detail::TraceAll everything;
  const TapeRecorder recorder;
  std::vector<Tensor> leaves, given;
  for (const Tensor& x : inputs) {
    leaves.push_back(detail::traced_input(x));
    given.push_back(leaves.back().clone(at));  // no leaf, so that the model may write to it
  }
  const std::vector<Tensor> outputs = call(given);
  if (outputs.empty()) ErrorReport(kOp, "the model returned no tensor", at).value_error();
  Tracer tracer(leaves, state, at);
  for (const Tensor& y : outputs) tracer.add_output(y);
  Trace t = tracer.take();
  t.inputs = inputs;
  return t;
}

void require_same(const Trace& a, const Trace& b, bool sizes_differ, const Location& at) {
  const auto check = [&](const Operand& x, const Operand& y, const Step* step) {
    if (!same_place(x, y)) different(step, sizes_differ, step ? "what the operation reads" : "an output", at);
    if (x.from != Operand::From::constant) return;
    const Tensor &u = a.constants[x.index], &v = b.constants[y.index];
    if (sizes_differ && !(u.shape() == v.shape())) return;
    if (!same_values(u, v)) different(step, sizes_differ, "a constant that the operation reads", at);
  };
  for (std::size_t i = 0; i < std::min(a.steps.size(), b.steps.size()); ++i) {
    const Step &x = a.steps[i], &y = b.steps[i];
    if (x.op != y.op || x.operands.size() != y.operands.size() || x.dtypes != y.dtypes)
      different(&x, sizes_differ, "which operations run", at);
    if (!sizes_differ && (x.shapes != y.shapes || !same_options(x.attributes, y.attributes)))
      different(&x, sizes_differ, "a size or option of the operation", at);
    for (std::size_t k = 0; k < x.operands.size(); ++k) check(x.operands[k], y.operands[k], &x);
  }
  if (a.steps.size() != b.steps.size() || a.outputs.size() != b.outputs.size())
    different(nullptr, sizes_differ, "the number of operations", at);
  for (std::size_t k = 0; k < a.outputs.size(); ++k) check(a.outputs[k], b.outputs[k], nullptr);
}

}  // namespace xgrad::onnx
