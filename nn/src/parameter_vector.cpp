#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>
#include <xgrad/nn/parameter_vector.hpp>
#include <xgrad/ops/join.hpp>
#include <xgrad/ops/view.hpp>

namespace xgrad::nn {

Tensor parameters_to_vector(const std::vector<Tensor>& parameters, Location at) {
  const char* op = "parameters_to_vector";
  if (parameters.empty()) ErrorReport(op, "there are no parameters", at).value_error();
  std::vector<Tensor> flat;
  for (const Tensor& p : parameters) {
    require_floating(op, p, at);
    require_same_dtype(op, parameters.front(), p, at);
    flat.push_back(reshape(p, {p.numel()}, at));
  }
  return cat(flat, 0, at);
}

void vector_to_parameters(const Tensor& vector, const std::vector<Tensor>& parameters, Location at) {
  const char* op = "vector_to_parameters";
  require_rank(op, vector, 1, at);
  std::int64_t total = 0;
  for (const Tensor& p : parameters) {
    require_floating(op, p, at);
    total += p.numel();
  }
  if (vector.numel() != total)
    ErrorReport(op, fmt::format("the parameters have {} elements, the vector {}", total, vector.numel()), at)
        .operand("vector", vector)
        .shape_error();
  const NoGradGuard off;
  std::vector<std::pair<Tensor, Tensor>> copies;  // all made before the first parameter changes
  std::int64_t start = 0;
  for (const Tensor& p : parameters) {
    copies.emplace_back(p, reshape(vector.narrow(0, start, p.numel()), p.shape()));
    start += p.numel();
  }
  for (auto& [to, values] : copies) to.copy_(values, at);
}

}  // namespace xgrad::nn
