// The check of one operation, as the description of the records has it: outputs y, gradients of L = sum <y_k, cot_k>,
// then S = sum <grad_i, dir_i>: dS/dinput_j are the second-order products and dS/dcot_k the derivative of y_k along
// dir.
#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/forward_ad.hpp>

#include "record.hpp"

namespace oracle {

namespace {

struct Differentiated {
  std::vector<Tensor> outputs, cots;  // outputs with a seed, and the seeds
  std::vector<const Json*> output_json;
  std::vector<const Input*> inputs;  // inputs with a gradient in the record
  std::vector<Tensor> leaves;
  bool second_order = false;
};

Differentiated collect(const Case& c, const std::vector<Tensor>& outputs) {
  Differentiated d;
  for (const Input& i : c.inputs) {
    if (!i.json->contains("grad")) continue;
    d.inputs.push_back(&i);
    d.leaves.push_back(i.tensor);
    d.second_order |= i.json->contains("hvp");
  }
  const Json& want = c.record.at("outputs");
  for (const Json& o : want) d.second_order |= o.contains("jvp");
  for (std::size_t k = 0; k < outputs.size(); ++k) {
    if (!want[k].contains("cot") || want[k]["cot"].is_null()) continue;
    Tensor cot = tensor_from(want[k]["cot"], outputs[k].shape(), outputs[k].dtype());
    if (d.second_order) cot.requires_grad_();
    d.outputs.push_back(outputs[k]);
    d.cots.push_back(cot);
    d.output_json.push_back(&want[k]);
  }
  return d;
}

// grad() of those outputs that are on the tape at all.
std::vector<Tensor> gradients(const std::vector<Tensor>& outputs, const std::vector<Tensor>& seeds,
                              const std::vector<Tensor>& inputs, bool create_graph) {
  std::vector<Tensor> on_tape, their_seeds;
  for (std::size_t k = 0; k < outputs.size(); ++k)
    if (outputs[k].requires_grad()) {
      on_tape.push_back(outputs[k]);
      if (!seeds.empty()) their_seeds.push_back(seeds[k]);
    }
  if (on_tape.empty() || inputs.empty()) return std::vector<Tensor>(inputs.size());
  return xgrad::grad(on_tape, inputs, their_seeds, {.create_graph = create_graph, .allow_unused = true});
}

// null stands for no path: a missing gradient or zeros.
void compare_gradient(const Tensor& got, const Json& want, const Input& input, Tolerance tol, const std::string& what) {
  if (!want.is_null()) {
    if (got.defined()) {
      expect(got.shape() == input.tensor.shape(), what + ": shape " + to_string(got.shape()));
      expect(got.dtype() == input.tensor.dtype(), what + ": dtype");
    }
    return compare_data(got, want, tol, what);
  }
  if (!got.defined()) return;
  for (const double g : got.to_vector<double>()) expect(g == 0, what + ": not zero where there is no path");
}

void check_second_order(const Differentiated& d, const std::vector<Tensor>& grads, Tolerance tol) {
  Tensor s = xgrad::zeros({}, {.dtype = xgrad::kFloat64});
  for (std::size_t i = 0; i < d.inputs.size(); ++i) {
    const Json& j = *d.inputs[i]->json;
    if (!j.contains("dir") || j["dir"].is_null() || !grads[i].defined()) continue;
    s = s + xgrad::sum(grads[i] * tensor_from(j["dir"], grads[i].shape(), grads[i].dtype()));
  }
  std::vector<Tensor> wrt = d.leaves;
  wrt.insert(wrt.end(), d.cots.begin(), d.cots.end());
  const auto second = gradients({s}, {}, wrt, false);
  // A derivative of S that nothing leads to is zero.
  const auto or_zeros = [&](std::size_t i) { return second[i].defined() ? second[i] : xgrad::zeros_like(wrt[i]); };
  for (std::size_t i = 0; i < d.inputs.size(); ++i) {
    const Json& j = *d.inputs[i]->json;
    if (j.contains("hvp")) compare_gradient(or_zeros(i), j["hvp"], *d.inputs[i], tol, "hvp " + d.inputs[i]->name);
  }
  for (std::size_t k = 0; k < d.cots.size(); ++k) {
    const Json& j = *d.output_json[k];
    if (j.contains("jvp") && !j["jvp"].is_null())
      compare_data(or_zeros(d.inputs.size() + k), j["jvp"], tol, "jvp " + j.value("name", "out"));
  }
}

// The same derivative of y_k along dir by forward mode, of operations that take the inputs themselves: a module has
// parameters of its own.
void check_forward_mode(Case c, const std::function<Value(Case&)>& call, Tolerance tol) {
  const xgrad::forward_ad::DualLevel level;
  for (Input& i : c.inputs) {
    const Json& j = *i.json;
    if (!j.contains("grad") || !j.contains("dir") || j["dir"].is_null()) continue;
    i.tensor =
        xgrad::forward_ad::make_dual(i.tensor.detach(), tensor_from(j["dir"], i.tensor.shape(), i.tensor.dtype()));
  }
  const std::vector<Tensor> outputs = call(c).tensors();
  for (std::size_t k = 0; k < outputs.size(); ++k) {
    const Json& want = c.record.at("outputs")[k];
    if (!want.contains("jvp") || want["jvp"].is_null()) continue;
    const Tensor tangent = xgrad::forward_ad::unpack_dual(outputs[k]).tangent;
    compare_data(tangent.defined() ? tangent : xgrad::zeros_like(outputs[k]), want["jvp"], tol,
                 "jvp by forward mode " + want.value("name", "out"));
  }
}

std::vector<const void*> ids(const Case& c) {
  std::vector<const void*> all;
  for (const Input& i : c.inputs) all.push_back(i.tensor.id());
  return all;
}

}  // namespace

void check_operation(Case& c, const std::function<Value(Case&)>& call) {
  const Tolerance tol = tolerance(c.record);
  const Case given = c;
  std::vector<Tensor> outputs = call(c).tensors();
  const Json& want = c.record.at("outputs");
  expect(outputs.size() == want.size(), fmt::format("{} outputs, want {}", outputs.size(), want.size()));
  for (std::size_t k = 0; k < outputs.size(); ++k)
    compare_tensor(outputs[k], want[k], tol, want[k].value("name", "out"));

  const Differentiated d = collect(c, outputs);
  if (d.outputs.empty() || d.inputs.empty()) return;
  const auto grads = gradients(d.outputs, d.cots, d.leaves, d.second_order);
  for (std::size_t i = 0; i < d.inputs.size(); ++i)
    compare_gradient(grads[i], (*d.inputs[i]->json)["grad"], *d.inputs[i], tol, "grad " + d.inputs[i]->name);
  if (!d.second_order) return;
  check_second_order(d, grads, tol);
  if (ids(given) == ids(c)) check_forward_mode(given, call, tol);
}

}  // namespace oracle
