#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/call_site.hpp>
#include <xgrad/check.hpp>
#include <xgrad/nn/prune.hpp>
#include <xgrad/ops.hpp>

#include "computed_tensors.hpp"

namespace xgrad::nn::utils::prune {
namespace {

using xgrad::detail::ComputedTensors;

constexpr const char* kMaker = "prune";

bool pruned(const Module& m, const std::string& name) {
  const char* maker = ComputedTensors::maker(m, name);
  return maker && std::string(maker) == kMaker;
}

// The values that are pruned among.
Tensor present(const Module& m, const std::string& name, const char* op, const Location& at) {
  const NoGradGuard off;
  return pruned(m, name) ? ComputedTensors::value(m, name, at).detach()
                         : ComputedTensors::parameter(m, name, op, at).detach();
}

std::vector<double> mask_of(const Module& m, const std::string& name, std::int64_t n) {
  if (!pruned(m, name)) return std::vector<double>(static_cast<std::size_t>(n), 1.0);
  return m.get_buffer(name + "_mask").to_vector<double>();
}

Tensor scores_of(const Module& m, const std::string& name, const xgrad::detail::PruneRule& rule, const Location& at) {
  const Tensor values = present(m, name, rule.op, at);
  if (!rule.scores.defined()) return values;
  if (!(rule.scores.shape() == values.shape()))
    ErrorReport(rule.op, "importance_scores must have the shape of the parameter", at)
        .operand("parameter", values)
        .operand("importance_scores", rule.scores)
        .shape_error();
  return rule.scores.detach();
}

// Of the places in `left`, the `count` with the smallest scores; the first of equal ones.
std::vector<std::size_t> smallest(std::vector<std::size_t> left, const std::vector<double>& scores,
                                  std::int64_t count) {
  std::ranges::stable_sort(left, [&](std::size_t a, std::size_t b) { return scores[a] < scores[b]; });
  left.resize(static_cast<std::size_t>(count));
  return left;
}

std::vector<double> chances(std::size_t n) {
  return n == 0 ? std::vector<double>() : rand({static_cast<std::int64_t>(n)}, {kFloat64}).to_vector<double>();
}

// Zeroes in `mask`, where there are ones, the elements that the rule chooses.
void choose_elements(std::vector<double>& mask, std::vector<double> scores, Amount amount, const char* op,
                     const Location& at) {
  std::vector<std::size_t> left;
  for (std::size_t i = 0; i < mask.size(); ++i)
    if (mask[i] != 0) left.push_back(i);
  for (double& s : scores) s = std::fabs(s);
  const std::int64_t count = amount.of(static_cast<std::int64_t>(left.size()), op, at);
  for (const std::size_t i : smallest(std::move(left), scores, count)) mask[i] = 0;
}

Tensor by_channel(const Tensor& x, std::int64_t dim) { return reshape(movedim(x, dim, 0), {x.size(dim), -1}); }

// The same for channels: all elements with one index along a dimension.
Tensor choose_channels(const Tensor& mask, const Tensor& scores, Amount amount, const xgrad::detail::PruneRule& rule,
                       const Location& at) {
  const std::vector<double> present = amax(by_channel(mask, rule.dim), {1}).to_vector<double>();
  std::vector<std::size_t> left;
  for (std::size_t i = 0; i < present.size(); ++i)
    if (present[i] != 0) left.push_back(i);
  const std::vector<double> sizes =
      rule.random ? chances(present.size())
                  : linalg::vector_norm(by_channel(scores, rule.dim), rule.n, {1}, false, at).to_vector<double>();
  const std::int64_t count = amount.of(static_cast<std::int64_t>(left.size()), rule.op, at);
  std::vector<double> keep(present.size(), 1.0);
  for (const std::size_t i : smallest(std::move(left), sizes, count)) keep[i] = 0;
  Shape shape;
  for (int d = 0; d < mask.dim(); ++d) shape.push_back(d == rule.dim ? mask.size(d) : 1);
  return mul(mask, from_vector(keep, shape).to(mask.dtype()));
}

}  // namespace

std::int64_t Amount::of(std::int64_t n, const char* op, const Location& at) const {
  if (count_ < 0 && !(fraction_ >= 0 && fraction_ <= 1))
    ErrorReport(op,
                fmt::format("amount must be a number of elements, or a fraction in [0, 1], got {}",
                            fraction_ == -1 ? static_cast<double>(count_) : fraction_),
                at)
        .value_error();
  if (count_ < 0) return static_cast<std::int64_t>(std::nearbyint(fraction_ * static_cast<double>(n)));
  if (count_ > n)
    ErrorReport(op, fmt::format("amount must not exceed what is left to prune, {}, got {}", n, count_), at)
        .value_error();
  return count_;
}

void global_unstructured(const std::vector<std::pair<Module, std::string>>& parameters, PruningMethod method,
                         Amount amount, Location at) {
  constexpr const char* op = "global_unstructured";
  const xgrad::detail::CallSite site(at);
  if (parameters.empty()) ErrorReport(op, "no parameters", at).value_error();
  std::vector<double> mask, scores;
  std::vector<Tensor> values;
  for (const auto& [m, name] : parameters) {
    values.push_back(present(m, name, op, at));
    const std::vector<double> own = mask_of(m, name, values.back().numel());
    const std::vector<double> size = method == PruningMethod::random_unstructured
                                         ? chances(own.size())
                                         : values.back().contiguous().to_vector<double>();
    mask.insert(mask.end(), own.begin(), own.end());
    scores.insert(scores.end(), size.begin(), size.end());
  }
  choose_elements(mask, std::move(scores), amount, op, at);
  std::size_t begin = 0;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const auto end = begin + static_cast<std::size_t>(values[i].numel());
    const std::vector<double> own(mask.begin() + static_cast<std::ptrdiff_t>(begin),
                                  mask.begin() + static_cast<std::ptrdiff_t>(end));
    xgrad::detail::prune_by_mask(parameters[i].first, parameters[i].second, from_vector(own, values[i].shape()), op,
                                 at);
    begin = end;
  }
}

bool is_pruned(const Module& module) {
  for (const Module& m : module.modules())
    for (const std::string& name : ComputedTensors::names(m))
      if (pruned(m, name)) return true;
  return false;
}

void remove(const Module& module, const std::string& name, Location at) {
  ComputedTensors::require(module, name, kMaker, "prune::remove", at);
  const bool trained = module.get_parameter(name + "_orig", at).requires_grad();
  ComputedTensors::restore(module, name, ComputedTensors::value(module, name, at).detach(), trained, at);
  ComputedTensors::drop(module, name + "_orig");
  ComputedTensors::drop(module, name + "_mask");
}

}  // namespace xgrad::nn::utils::prune

namespace xgrad::detail {

namespace prune_ = nn::utils::prune;

std::int64_t prune_dim(const nn::Module& m, const std::string& name, std::int64_t dim, const char* op,
                       const Location& at) {
  return wrap_dim(op, dim, prune_::present(m, name, op, at), at);
}

void prune(const nn::Module& m, const std::string& name, prune_::Amount amount, const PruneRule& rule,
           const Location& at) {
  const CallSite site(at);
  const Tensor scores = prune_::scores_of(m, name, rule, at);
  std::vector<double> mask = prune_::mask_of(m, name, scores.numel());
  if (rule.dim < 0) {
    prune_::choose_elements(mask, rule.random ? prune_::chances(mask.size()) : scores.contiguous().to_vector<double>(),
                            amount, rule.op, at);
    return prune_by_mask(m, name, from_vector(mask, scores.shape()), rule.op, at);
  }
  const Tensor before = from_vector(mask, scores.shape());
  prune_by_mask(m, name, prune_::choose_channels(before, scores.to(kFloat64), amount, rule, at), rule.op, at);
}

void prune_by_mask(const nn::Module& m, const std::string& name, const Tensor& mask, const char* op,
                   const Location& at) {
  const CallSite site(at);
  const bool again = prune_::pruned(m, name);
  const Tensor weight = again ? m.get_parameter(name + "_orig", at) : ComputedTensors::parameter(m, name, op, at);
  const TensorOptions like{.dtype = weight.dtype()};
  const Tensor given = mask.defined() ? mask : ones(weight.shape(), like);
  if (!(given.shape() == weight.shape()))
    ErrorReport(op, "the mask must have the shape of the parameter", at)
        .operand("parameter", weight)
        .operand("mask", given)
        .shape_error();
  const NoGradGuard off;
  const Tensor own = given.detach().to(weight.dtype()).clone();
  if (again) {
    Tensor before = m.get_buffer(name + "_mask", at);
    before.mul_(own);
    ComputedTensors::refresh(m, name, at);
    return;
  }
  nn::Module owner = m;
  const nn::Parameter original =
      owner.register_parameter(name + "_orig", weight.detach().clone(), weight.requires_grad(), at);
  const nn::Parameter buffer = owner.register_buffer(name + "_mask", own, true, at);
  ComputedTensors::replace(
      m, name, prune_::kMaker, [original, buffer](bool, const Location& where) { return mul(original, buffer, where); },
      at);
}

}  // namespace xgrad::detail
