#include <cmath>
#include <unordered_set>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/call_site.hpp>
#include <xgrad/check.hpp>
#include <xgrad/optim/clip_grad.hpp>
#include <xgrad/p_norm.hpp>

#include "fused.hpp"

namespace xgrad::optim {
namespace {

double norm_by_type(const Tensor& grad, double norm_type) {
  const Tensor g = grad.contiguous();
  double norm = 0;
  with_type(g, [&](auto zero) { norm = detail::p_norm_of(g.data<decltype(zero)>(), g.numel(), norm_type); });
  return norm;
}

template <class T>
XGRAD_CLONES void scale(T* g, std::int64_t n, T by) {
  for (std::int64_t i = 0; i < n; ++i) g[i] *= by;
}
template <class T>
XGRAD_CLONES void limit(T* g, std::int64_t n, T most) {
  for (std::int64_t i = 0; i < n; ++i) g[i] = g[i] > most ? most : g[i] < -most ? -most : g[i];
}

// Changes the gradient of p by change(pointer, n), in place when it is plain memory of its own.
template <class F>
void change_gradient(Tensor p, const F& change) {
  Tensor g = p.grad().detach();
  const bool own = g.is_contiguous();
  if (!own) g = g.clone();
  with_type(g, [&](auto zero) {
    using T = decltype(zero);
    for_elements<T>([&](std::int64_t n, T* data) { change(data, n); }, g);
  });
  if (!own) p.set_grad(g);
}

// The parameters with a gradient, each once.
std::vector<Tensor> with_gradient(const char* op, const std::vector<Tensor>& params, const Location& at) {
  std::vector<Tensor> out;
  std::unordered_set<const void*> seen;
  for (const Tensor& p : params) {
    require_defined(op, p, at);
    if (p.grad().defined() && seen.insert(p.id()).second) out.push_back(p);
  }
  return out;
}

[[noreturn]] void refuse_norm(const std::vector<Tensor>& params, double norm_type, double norm, const Location& at) {
  ErrorReport error("clip_grad_norm_", fmt::format("the norm of order {} of the gradients is {}", norm_type, norm), at);
  for (std::size_t i = 0; i < params.size(); ++i)
    if (!std::isfinite(norm_by_type(params[i].grad(), norm_type)))
      error.operand(fmt::format("parameter {}", i), params[i]);
  error.help("DetectAnomaly finds the operation that made the first such value").value_error();
}

}  // namespace

double clip_grad_norm_(const std::vector<Tensor>& params, double max_norm, double norm_type, bool error_if_nonfinite,
                       Location at) {
  if (!(max_norm >= 0))
    ErrorReport("clip_grad_norm_", fmt::format("max_norm must be >= 0, got {}", max_norm), at).value_error();
  if (!(norm_type > 0))
    ErrorReport("clip_grad_norm_", fmt::format("norm_type must be > 0, got {}", norm_type), at).value_error();
  const detail::CallSite site(at);
  const NoGradGuard off;
  const std::vector<Tensor> used = with_gradient("clip_grad_norm_", params, at);
  std::vector<double> parts;
  for (const Tensor& p : used) parts.push_back(norm_by_type(p.grad(), norm_type));
  const double norm = detail::p_norm_of(parts.data(), static_cast<std::int64_t>(parts.size()), norm_type);
  if (error_if_nonfinite && !std::isfinite(norm)) refuse_norm(used, norm_type, norm, at);
  const double by = max_norm / (norm + 1e-6);
  if (by >= 1) return norm;
  for (const Tensor& p : used)
    change_gradient(
        p, [by](auto* g, std::int64_t n) { scale(g, n, static_cast<std::remove_pointer_t<decltype(g)>>(by)); });
  return norm;
}

void clip_grad_value_(const std::vector<Tensor>& params, double clip_value, Location at) {
  if (!(clip_value >= 0))
    ErrorReport("clip_grad_value_", fmt::format("clip_value must be >= 0, got {}", clip_value), at).value_error();
  const detail::CallSite site(at);
  const NoGradGuard off;
  for (const Tensor& p : with_gradient("clip_grad_value_", params, at))
    change_gradient(p, [clip_value](auto* g, std::int64_t n) {
      limit(g, n, static_cast<std::remove_pointer_t<decltype(g)>>(clip_value));
    });
}

}  // namespace xgrad::optim
