#include <algorithm>
#include <exception>
#include <map>
#include <optional>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>
#include <xgrad/onnx.hpp>
#include <xgrad/ops.hpp>

#include "export/exporter.hpp"
#include "export/probes.hpp"
#include "export/rules.hpp"
#include "file/model_file.hpp"

namespace xgrad::onnx {
namespace {

[[noreturn]] void refuse(const std::string& rule, const Location& at) { ErrorReport(kOp, rule, at).value_error(); }

std::string input_name(const SaveOptions& o, std::size_t i) {
  return o.input_names.empty() ? fmt::format("input.{}", i) : o.input_names[i];
}

// Where each named axis is. Axes of outputs are known from the run.
struct Named {
  Axis axis;
  std::vector<std::pair<std::size_t, std::int64_t>> places;  // input and dimension
};

std::vector<Named> named_axes(const std::vector<Tensor>& inputs, const SaveOptions& o, const Location& at) {
  std::vector<Named> all;
  for (const auto& [name, dims] : o.dynamic_axes) {
    if (std::ranges::find(o.output_names, name) != o.output_names.end()) continue;
    std::size_t i = 0;
    while (i < inputs.size() && input_name(o, i) != name) ++i;
    if (i == inputs.size()) refuse(fmt::format("dynamic_axes: no input or output is called '{}'", name), at);
    for (const auto& [dim, axis] : dims) {
      const int d = wrap_dim(kOp, dim, inputs[i], at);
      if (axis.empty()) refuse(fmt::format("dynamic_axes: dimension {} of '{}' has an empty name", dim, name), at);
      const std::int64_t size = inputs[i].size(d);
      if (size == 0) refuse(fmt::format("dynamic_axes: '{}' is empty in the example", axis), at);
      auto found = std::ranges::find(all, axis, [](const Named& n) { return n.axis.name; });
      if (found == all.end()) found = all.insert(all.end(), {{axis, i, d, size}, {}});
      if (found->axis.size != size)
        refuse(fmt::format("dynamic_axes: '{}' is {} in one place and {} in another", axis, found->axis.size, size),
               at);
      found->places.emplace_back(i, d);
    }
  }
  return all;
}

// The runs of a model: the example's, then one for each probe.
class Runs {
 public:
  Runs(const xgrad::detail::OnnxCall& call, const std::vector<Tensor>& inputs, const std::vector<StateTensor>& state,
       const std::vector<Named>& axes, const Location& at)
      : call_(call), inputs_(inputs), state_(state), named_(axes), at_(at), all_{trace(call, inputs, state, at)} {}

  // With other values the same must be done. A model may refuse some of them, but not all that are in range.
  void compare_other_values() const {
    std::exception_ptr first;
    bool done = false;
    for (const Variation how : {Variation::spread, Variation::lower, Variation::upper, Variation::beyond}) {
      std::vector<Tensor> others;
      {
        const NoGradGuard off;
        for (const Tensor& x : inputs_) others.push_back(other_values(x, how));
      }
      std::optional<Trace> run;
      try {
        run = trace(call_, others, state_, at_);
      } catch (const Error&) {
        if (!first) first = std::current_exception();
        continue;
      }
      require_same(all_[0], *run, false, at_);
      done = true;
    }
    if (!done) std::rethrow_exception(first);
  }

  void probe_sizes() {
    constexpr std::size_t kEnough = 4;
    std::vector<std::vector<std::int64_t>> worked(named_.size());
    for (std::size_t a = 0; a < named_.size(); ++a) {
      std::exception_ptr first;
      const std::int64_t n = named_[a].axis.size;
      for (const std::vector<std::int64_t>& sizes : {larger_sizes(n), smaller_sizes(n)})
        for (const std::int64_t size : sizes) {
          if (worked[a].size() == kEnough) break;
          std::vector<std::int64_t> wanted = given_sizes();
          wanted[a] = size;
          if (const std::exception_ptr error = probe({wanted, a}))
            first = first ? first : error;
          else
            worked[a].push_back(size);
        }
      if (worked[a].empty()) std::rethrow_exception(first);
    }
    if (named_.size() < 2) return;
    // All at once, to other sizes each, then to small and large ones; a model may refuse that.
    for (const std::size_t shift : {0, 1, 2}) {
      std::vector<std::int64_t> wanted;
      for (std::size_t a = 0; a < named_.size(); ++a) wanted.push_back(worked[a][(a + shift) % worked[a].size()]);
      probe({wanted, std::nullopt});
    }
  }

  const std::vector<Trace>& all() const { return all_; }
  const std::vector<Probe>& probes() const { return probes_; }

 private:
  std::vector<std::int64_t> given_sizes() const {
    std::vector<std::int64_t> sizes;
    for (const Named& n : named_) sizes.push_back(n.axis.size);
    return sizes;
  }

  // The error of a model that does not take these sizes; it is thrown when other operations run.
  std::exception_ptr probe(const Probe& p) {
    std::optional<Trace> run;
    try {
      std::vector<Tensor> others = inputs_;
      for (std::size_t a = 0; a < named_.size(); ++a)
        if (p.sizes[a] != named_[a].axis.size)
          for (const auto& [i, d] : named_[a].places) others[i] = other_size(others[i], d, p.sizes[a]);
      run = trace(call_, others, state_, at_);
    } catch (const Error&) {
      return std::current_exception();
    }
    require_same(all_[0], *run, true, at_);
    all_.push_back(std::move(*run));
    probes_.push_back(p);
    return nullptr;
  }

  const xgrad::detail::OnnxCall& call_;
  const std::vector<Tensor>& inputs_;
  const std::vector<StateTensor>& state_;
  const std::vector<Named>& named_;
  const Location& at_;
  std::vector<Trace> all_;
  std::vector<Probe> probes_;
};

void check_arguments(const std::vector<Tensor>& inputs, const SaveOptions& o, const Location& at) {
  if (o.opset != 17) refuse(fmt::format("opset must be 17, got {}", o.opset), at);
  if (inputs.empty()) refuse("there is no example input", at);
  for (const Tensor& x : inputs) require_defined(kOp, x, at);
  if (!o.input_names.empty() && o.input_names.size() != inputs.size())
    refuse(fmt::format("{} input_names for {} inputs", o.input_names.size(), inputs.size()), at);
}

// By operation.
const std::map<std::string_view, Rule>& rules() {
  static const auto all = [] {
    std::map<std::string_view, Rule> t;
    for (const auto part : {elementwise_rules(), layer_rules(), loss_rules(), number_rules(), order_rules(),
                            place_rules(), pooling_rules(), recurrent_rules(), reduction_rules(), shape_rules()})
      for (const NamedRule& r : part) t.emplace(r.op, r.rule);
    return t;
  }();
  return all;
}

}  // namespace

Rule find_rule(std::string_view op) {
  const auto found = rules().find(op);
  return found == rules().end() ? nullptr : found->second;
}

std::vector<std::string> save_operations() {
  std::vector<std::string> names;
  for (const auto& [op, rule] : rules()) names.emplace_back(op);
  return names;
}

}  // namespace xgrad::onnx

namespace xgrad::detail {

void wrong_input_count(const nn::Module& model, std::size_t given, const Location& at) {
  ErrorReport("onnx::save", fmt::format("{} cannot be called with {} tensors", model.label(), given), at).value_error();
}

void export_onnx(const nn::Module& model, const OnnxCall& call, const std::vector<Tensor>& inputs,
                 const std::string& path, const onnx::SaveOptions& options, const Location& at) {
  using namespace onnx;
  check_arguments(inputs, options, at);
  const std::vector<Named> named = named_axes(inputs, options, at);
  const std::vector<StateTensor> state = state_of(model, at);
  std::vector<Axis> axes;
  for (const Named& n : named) axes.push_back(n.axis);
  const auto runs = [&] {
    const ExportMode mode(model);
    Runs r(call, inputs, state, named, at);
    mode.require_unchanged_buffers(at);
    r.compare_other_values();
    r.probe_sizes();
    return r;
  }();
  Exporter exporter(runs.all(), axes, runs.probes(), state, at);
  write_model("onnx::save", exporter.write(options), path, at);
}

}  // namespace xgrad::detail
