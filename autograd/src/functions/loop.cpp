#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/call_site.hpp>
#include <xgrad/check.hpp>
#include <xgrad/detail/keep_state.hpp>
#include <xgrad/loop.hpp>
#include <xgrad/ops/join.hpp>
#include <xgrad/ops/slice.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tape/forward.hpp"
#include "core/tape/owned_backward.hpp"
#include "core/tape/record.hpp"
#include "core/tape/step_log.hpp"
#include "core/tape/trace_all.hpp"
#include "core/thread_tape.hpp"

namespace xgrad::detail {
namespace {

using Tensors = std::vector<Tensor>;

// While it lives, errors of operations name the step that runs.
class StepName {
 public:
  StepName(std::int64_t steps, const char* pass, const Location& at)
      : end_(fmt::format(" of {}{}", steps, pass)), outer_("scan", text_.data(), at) {
    name(0);
  }
  void name(std::int64_t step) {
    constexpr std::string_view begin = "step ";
    std::copy(begin.begin(), begin.end(), text_.begin());
    char* at = std::to_chars(text_.data() + begin.size(), text_.data() + text_.size(), step).ptr;
    *std::copy(end_.begin(), end_.end(), at) = '\0';
  }

 private:
  std::array<char, 80> text_{};
  std::string end_;
  OuterOp outer_;
};

// x[i] off the tape, in the memory of x.
Tensor slice_of(const Tensor& x, std::int64_t i) {
  const Tensor slice = make_alias(x);
  TensorImpl& t = impl(slice);
  const std::int64_t from = i * t.strides[0] * item_size(t.dtype);
  t.place(impl(x).memory() + from);
  t.shape.erase(0);
  t.strides.erase(0);
  t.numel = t.shape.numel();
  t.contiguous = compute_contiguous(t.shape, t.strides);
  return slice;
}

// Values of one shape and type, one behind the other.
class Rows {
 public:
  Rows(std::int64_t count, const Shape& shape, DType dtype) {
    Shape all = shape;
    all.insert(0, count);
    rows_ = make_tensor(all, dtype);
  }
  void put(std::int64_t i, const Tensor& value) {
    Tensor row = slice_of(rows_, i);
    copy_raw(row, value);
  }
  void clear(std::int64_t i) {
    Tensor row = slice_of(rows_, i);
    fill_raw(row, Scalar(0));
  }
  const Tensor& all() const { return rows_; }

 private:
  Tensor rows_;
};

std::string part_text(const char* what, std::size_t i, std::size_t count) {
  return count == 1 ? std::string(what) : fmt::format("part {} of the {}", i, what);
}

// What a cell returned must be, after the first time.
class Form {
 public:
  Form(const char* what, const Location& at) : what_(what), at_(at) {}
  void set(const Tensors& parts) {
    known_ = true;
    for (const Tensor& t : parts) parts_.emplace_back(t.shape(), t.dtype());
  }
  bool known() const { return known_; }
  void check(const Tensors& parts, std::int64_t step) const {
    if (parts.size() != parts_.size())
      ErrorReport("scan",
                  fmt::format("step {}: the cell returned {} tensors for the {}, of {}", step, parts.size(), what_,
                              parts_.size()),
                  at_)
          .value_error();
    for (std::size_t i = 0; i < parts.size(); ++i) check_part(parts[i], i, step);
  }

 private:
  void check_part(const Tensor& t, std::size_t i, std::int64_t step) const {
    const auto report = [&](const std::string& rule) {
      return ErrorReport("scan", fmt::format("step {}: the {} {}", step, part_text(what_, i, parts_.size()), rule), at_)
          .line("before", fmt::format("{} {}", short_name(parts_[i].second), to_string(parts_[i].first)))
          .operand("returned", t);
    };
    if (t.shape() != parts_[i].first) report("has another shape than before").shape_error();
    if (t.dtype() != parts_[i].second) report("has another type than before").dtype_error();
  }

  const char* what_;
  Location at_;
  std::vector<std::pair<Shape, DType>> parts_;
  bool known_ = false;
};

// The arguments, checked.
struct Call {
  Tensors inputs, state;
  const std::function<void(ScanStep&)>& cell;
  bool reverse;
  Location at;
  std::int64_t steps = 0;
  Form of_state{"state", at}, of_output{"output", at};

  void check();
  // Of step t.
  std::int64_t row(std::int64_t t) const { return reverse ? steps - 1 - t : t; }
  // Calls the cell, and checks what it returned.
  void run(ScanStep& step, std::int64_t t);
};

void Call::check() {
  if (inputs.empty())
    ErrorReport("scan", "there are no inputs, which say how many steps there are", at)
        .help("pass arange(n) for a loop of n steps")
        .value_error();
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    require_defined("scan", inputs[i], at);
    const std::string name = part_text("inputs", i, inputs.size());
    if (inputs[i].dim() == 0)
      ErrorReport("scan", "the inputs are stacked along dimension 0; this is a single number", at)
          .operand(name, inputs[i])
          .shape_error();
    if (inputs[i].size(0) != inputs[0].size(0))
      ErrorReport("scan", "the inputs have different numbers of steps", at)
          .operand(part_text("inputs", 0, inputs.size()), inputs[0])
          .operand(name, inputs[i])
          .shape_error();
  }
  for (const Tensor& s : state) require_defined("scan", s, at);
  steps = inputs[0].size(0);
  of_state.set(state);
}

void Call::run(ScanStep& step, std::int64_t t) {
  cell(step);
  for (const Tensors* list : {&step.state, &step.values})
    for (const Tensor& y : *list)
      if (!y.defined())
        ErrorReport("scan", fmt::format("step {}: the cell returned an undefined tensor", t), at).value_error();
  of_state.check(step.state, t);
  if (of_output.known())
    of_output.check(step.values, t);
  else
    of_output.set(step.values);
}

// Without steps: the outputs have a shape all the same.
ScanStep of_no_steps(Call& call) {
  ScanStep step{call.state, {}};
  {
    const KeepState as_before;
    const GradModeGuard off(false);
    for (const Tensor& x : call.inputs) {
      Shape shape = x.shape();
      shape.erase(0);
      step.values.push_back(zeros_raw(shape, x.dtype()));
    }
    call.run(step, 0);
  }
  step.state = call.state;
  for (Tensor& y : step.values) {
    Shape shape = y.shape();
    shape.insert(0, 0);
    y = make_tensor(shape, y.dtype());
  }
  return step;
}

// Outputs of each step, copied before the next one, which may write over them.
class CopiedOutputs {
 public:
  explicit CopiedOutputs(const Call& call) : call_(call) {}
  void put(std::int64_t t, std::span<const Tensor> outputs) {
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      if (t == 0) rows_.emplace_back(call_.steps, outputs[i].shape(), outputs[i].dtype());
      rows_[i].put(call_.row(t), outputs[i]);
    }
  }
  Tensors all() const {
    Tensors stacked;
    for (const Rows& r : rows_) stacked.push_back(r.all());
    return stacked;
  }

 private:
  const Call& call_;
  std::vector<Rows> rows_;
};

// Outputs of each step, stacked by an operation as others.
class StackedOutputs {
 public:
  explicit StackedOutputs(const Call& call) : call_(call) {}
  void put(std::int64_t, const Tensors& outputs) {
    rows_.resize(outputs.size());
    for (std::size_t i = 0; i < outputs.size(); ++i) rows_[i].push_back(outputs[i]);
  }
  Tensors all() {
    Tensors stacked;
    for (Tensors& rows : rows_) {
      if (call_.reverse) std::reverse(rows.begin(), rows.end());
      stacked.push_back(stack(rows, 0, call_.at));
    }
    return stacked;
  }

 private:
  const Call& call_;
  std::vector<Tensors> rows_;
};

// The loop as a program would write it.
template <class Outputs>
ScanStep plain_loop(Call& call) {
  StepName name(call.steps, "", call.at);
  ScanStep step{call.state, {}};
  Outputs outputs(call);
  for (std::int64_t t = 0; t < call.steps; ++t) {
    name.name(t);
    step.values.clear();
    for (const Tensor& x : call.inputs) step.values.push_back(x.select(0, call.row(t)));
    call.run(step, t);
    outputs.put(t, step.values);
  }
  step.values = outputs.all();
  return step;
}

// A last state in the memory of an argument, as a cell returns that hands its state on, could be written through.
void leave_arguments(Tensors& state, const Call& call) {
  const NoGradGuard off_tape;
  for (Tensor& s : state) {
    const auto is_in_memory_of_s = [&](const Tensor& t) { return impl(t).storage == impl(s).storage; };
    if (std::ranges::any_of(call.state, is_in_memory_of_s) || std::ranges::any_of(call.inputs, is_in_memory_of_s))
      s = s.clone();
  }
}

// The node of a scan.
class ScanNode : public OwnedBackward {
 public:
  ScanNode(const Call& call)
      : log("scan", call.at),
        n_state_(call.state.size()),
        n_inputs_(call.inputs.size()),
        reverse_(call.reverse),
        keeps_(thread_tape.kept),
        at_(call.at) {
    for (const Tensor& x : call.inputs) inputs_.emplace_back(x.shape(), x.dtype());
  }
  Grads run(const Saved& saved, std::span<const Tensor> grad_outputs) override {
    if (released_)
      ErrorReport("scan", "graph already freed; pass retain_graph = true to the first backward to run it twice", at_)
          .autograd_error();
    return grad_enabled() ? run_recorded(saved, grad_outputs) : run_steps(saved, grad_outputs);
  }
  void attributes(Attributes& list) const {
    list.add("steps", steps());
    list.add("reverse", reverse_);
  }

  StepLog log;

 private:
  std::int64_t steps() const { return static_cast<std::int64_t>(log.steps()); }
  std::int64_t row(std::int64_t t) const { return reverse_ ? steps() - 1 - t : t; }
  Grads run_steps(const Saved& saved, std::span<const Tensor> grad_outputs);
  Grads run_recorded(const Saved& saved, std::span<const Tensor> grad_outputs);

  std::size_t n_state_, n_inputs_;
  bool reverse_;
  bool keeps_;  // for pictures, which run it again
  bool released_ = false;
  Location at_;
  std::vector<std::pair<Shape, DType>> inputs_;
};

// Gradients of slices, in their rows.
class InputGradient {
 public:
  void put(std::int64_t row, std::int64_t rows, const Tensor& g) {
    if (!g.defined()) {
      if (rows_) rows_->clear(row);
      empty_.push_back(row);
      return;
    }
    if (!rows_) {
      rows_.emplace(rows, g.shape(), g.dtype());
      for (const std::int64_t r : empty_) rows_->clear(r);
    }
    rows_->put(row, g);
  }
  Tensor all() const { return rows_ ? rows_->all() : Tensor(); }

 private:
  std::optional<Rows> rows_;
  std::vector<std::int64_t> empty_;
};

Grads ScanNode::run_steps(const Saved& saved, std::span<const Tensor> grad_outputs) {
  StepName name(steps(), ", backward", at_);
  const bool retains = keeps_ || shared || running_pass_retains();
  released_ = !retains;
  PrivatePass pass("scan", at_);
  const std::span<const Tensor> of_outputs = grad_outputs.subspan(n_state_);
  Tensors of_state(grad_outputs.begin(), grad_outputs.begin() + static_cast<std::ptrdiff_t>(n_state_));
  Tensors seeds(grad_outputs.size()), of_leaves(n_state_ + n_inputs_);
  std::vector<InputGradient> of_inputs(n_inputs_);
  for (std::int64_t t = steps(); t-- > 0;) {
    name.name(t);
    const auto at = static_cast<std::size_t>(t);
    std::move(of_state.begin(), of_state.end(), seeds.begin());
    for (std::size_t i = 0; i < of_outputs.size(); ++i)
      seeds[n_state_ + i] = of_outputs[i].defined() ? slice_of(of_outputs[i], row(t)) : Tensor();
    log.run(pass, at, seeds, of_leaves);
    if (!retains) log.forget(at);
    std::move(of_leaves.begin(), of_leaves.begin() + static_cast<std::ptrdiff_t>(n_state_), of_state.begin());
    for (std::size_t i = 0; i < n_inputs_; ++i)
      if (saved.needs(n_state_ + i))
        of_inputs[i].put(row(t), steps(), std::exchange(of_leaves[n_state_ + i], Tensor()));
  }
  pass.finish();
  Tensors grads = std::move(of_state);
  for (const InputGradient& g : of_inputs) grads.push_back(g.all());
  for (std::size_t i = 0; i < log.outside().size(); ++i) grads.push_back(log.take_outside(pass, i));
  return grads;
}

// x, as a result of an operation: what is differentiated by it does not count other ways to x.
Tensor passed_on(const Tensor& x) {
  return record("scan_input", make_alias(x), {x}, {}, [](const Saved&, const Tensor& g) -> Grads { return {g}; });
}

Grads ScanNode::run_recorded(const Saved& saved, std::span<const Tensor> grad_outputs) {
  StepName name(steps(), ", backward", at_);
  const bool create_graph = records_gradients();
  const std::size_t outside = n_state_ + n_inputs_, all = outside + log.outside().size();
  Tensors given;
  std::vector<Tensors> slices;
  std::vector<Tensors> of_outputs;
  for (const Tensor& g : grad_outputs.subspan(n_state_)) of_outputs.push_back(g.defined() ? unbind(g) : Tensors());
  Tensors results, seeds;
  const auto add = [&](const Tensor& result, const Tensor& seed) {
    if (!result.defined() || !seed.defined() || !requires_grad(result)) return;
    results.push_back(result);
    seeds.push_back(seed);
  };
  {
    const GradModeGuard on(true);
    const LevelsUpTo no_tangents(0);
    for (std::size_t i = 0; i < all; ++i) given.push_back(passed_on(saved[i]));
    for (std::size_t i = 0; i < n_inputs_; ++i) slices.push_back(unbind(given[n_state_ + i]));
    const std::span<const Tensor> of_outside = std::span(given).subspan(outside);
    Tensors step(given.begin(), given.begin() + static_cast<std::ptrdiff_t>(outside));
    for (std::int64_t t = 0; t < steps(); ++t) {
      name.name(t);
      const auto place = static_cast<std::size_t>(row(t));
      for (std::size_t i = 0; i < n_inputs_; ++i) step[n_state_ + i] = slices[i][place];
      const Tensors made = log.record_again(static_cast<std::size_t>(t), step, of_outside);
      std::copy_n(made.begin(), n_state_, step.begin());
      for (std::size_t i = 0; i < of_outputs.size(); ++i) {
        if (!of_outputs[i].empty()) add(made[n_state_ + i], of_outputs[i][place]);
      }
    }
    for (std::size_t i = 0; i < n_state_; ++i) add(step[i], grad_outputs[i]);
  }
  Tensors grads(all), wanted;
  for (std::size_t i = 0; i < all; ++i)
    if (requires_grad(given[i])) wanted.push_back(given[i]);
  if (results.empty() || wanted.empty()) return grads;
  const Tensors found =
      grad(results, wanted, seeds, {.retain_graph = true, .create_graph = create_graph, .allow_unused = true});
  for (std::size_t i = 0, k = 0; i < all; ++i)
    if (requires_grad(given[i])) grads[i] = found[k++];
  return grads;
}

void describe_scan(const void* closure, Attributes& list) {
  static_cast<const ScanNode*>(*static_cast<OwnedBackward* const*>(closure))->attributes(list);
}
constexpr BackwardKind kScan{&run_owned_backward, sizeof(OwnedBackward*), false, true, false, true, &describe_scan};

// Puts the results on the tape. Those that take no gradient in any step stay off it.
void put_on_tape(std::unique_ptr<ScanNode> node, const Call& call, Tensors& results) {
  Tensors inputs = call.state;
  inputs.insert(inputs.end(), call.inputs.begin(), call.inputs.end());
  inputs.insert(inputs.end(), node->log.outside().begin(), node->log.outside().end());
  if (!needs_tape(inputs)) return;
  std::vector<bool> takes(results.size());
  const std::size_t steps = node->log.steps();
  for (std::size_t i = 0; i < results.size(); ++i)
    for (std::size_t t = i < call.state.size() ? steps - 1 : 0; t < steps; ++t)
      takes[i] = takes[i] || node->log.takes_gradient(t, i);
  OwnedBackward* owned = node.get();
  if (!record_node({"scan", &kScan}, results, inputs, inputs, &owned, call.at)) return;
  node.release();
  Node* made = nullptr;
  for (const Tensor& y : results)
    if (!made) made = impl(y).grad_fn;
  // The node's first reference is output 0's, which is not on it when it is an integer.
  if (made && !is_floating(impl(results[0]).dtype)) release_node(made);
  for (std::size_t i = 0; i < results.size(); ++i)
    if (Node* n = impl(results[i]).grad_fn; n && !takes[i]) {
      impl(results[i]).grad_fn = nullptr;
      release_node(n);
    }
}

// Steps whose graphs are kept by the node.
ScanStep recorded_loop(Call& call) {
  struct Unseen {  // by a TapeRecorder, for which a scan is one operation
    bool kept = keep_values(false);
    ~Unseen() { keep_values(kept); }
  };
  StepName name(call.steps, "", call.at);
  auto node = std::make_unique<ScanNode>(call);
  Tensors state = call.state;
  const std::size_t n_state = state.size();
  std::vector<bool> wanted;
  for (const Tensor& s : call.state) wanted.push_back(requires_grad(s));
  CopiedOutputs outputs(call);
  {
    const Unseen steps;
    for (std::int64_t t = 0; t < call.steps; ++t) {
      name.name(t);
      node->log.begin();
      ScanStep step;
      for (std::size_t i = 0; i < n_state; ++i) step.state.push_back(node->log.leaf(make_alias(state[i]), wanted[i]));
      for (const Tensor& x : call.inputs)
        step.values.push_back(node->log.leaf(slice_of(x, call.row(t)), requires_grad(x)));
      call.run(step, t);
      Tensors results = std::move(step.state);
      std::move(step.values.begin(), step.values.end(), std::back_inserter(results));
      step = {};
      node->log.end(results);
      for (std::size_t i = 0; i < n_state; ++i) {
        state[i] = std::move(results[i]);
        wanted[i] = node->log.takes_gradient(static_cast<std::size_t>(t), i);
      }
      outputs.put(t, std::span(results).subspan(n_state));
    }
  }
  leave_arguments(state, call);
  Tensors results = std::move(state);
  std::ranges::move(outputs.all(), std::back_inserter(results));
  put_on_tape(std::move(node), call, results);
  const auto end_of_state = results.begin() + static_cast<std::ptrdiff_t>(n_state);
  return {Tensors(results.begin(), end_of_state), Tensors(end_of_state, results.end())};
}

}  // namespace

ScanStep run_scan(Tensors inputs, Tensors state, const std::function<void(ScanStep& step)>& cell,
                  const ScanOptions& options, const Location& at) {
  Call call{std::move(inputs), std::move(state), cell, options.reverse, at};
  call.check();
  if (call.steps == 0) return of_no_steps(call);
  // Tangents go through operations one by one; exporters want to see these.
  if (thread_tape.levels > 0 || tracing_all) return plain_loop<StackedOutputs>(call);
  if (!grad_enabled()) return plain_loop<CopiedOutputs>(call);
  return recorded_loop(call);
}

}  // namespace xgrad::detail
