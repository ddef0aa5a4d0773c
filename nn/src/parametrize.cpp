#include <cmath>
#include <limits>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/call_site.hpp>
#include <xgrad/check.hpp>
#include <xgrad/checkpoint.hpp>
#include <xgrad/nn/init.hpp>
#include <xgrad/nn/parametrize.hpp>
#include <xgrad/ops.hpp>

#include "computed_tensors.hpp"
#include "orthogonal_map.hpp"

namespace xgrad::nn {
namespace {

using xgrad::detail::ComputedTensors;

constexpr const char* kParametrize = "register_parametrization";

// ---- weight normalisation ----
// The norms over all dimensions but dim, or over all.
Tensor norm_except(const Tensor& v, std::optional<std::int64_t> dim, const Location& at) {
  if (!dim) return linalg::vector_norm(v, 2, {}, false, at);
  Shape others;
  for (int d = 0; d < v.dim(); ++d)
    if (d != *dim) others.push_back(d);
  return others.empty() ? abs(v, at) : linalg::vector_norm(v, 2, others, true, at);
}

Tensor weight_of_norm(const Tensor& g, const Tensor& v, std::optional<std::int64_t> dim, const Location& at) {
  return mul(v, div(g, norm_except(v, dim, at), at), at);
}

struct WeightNorm : Layer<WeightNorm> {
  explicit WeightNorm(std::optional<std::int64_t> d) : Layer("WeightNorm"), dim(d) {}
  Tensor forward(const std::vector<Tensor>& originals, Location at = Location::current()) const {
    return weight_of_norm(originals.at(0), originals.at(1), dim, at);
  }
  std::vector<Tensor> right_inverse(const Tensor& value) const {
    return {norm_except(value, dim, Location::current()), value};
  }
  std::optional<std::int64_t> dim;
};

// ---- spectral normalisation ----
// Rows: dimension `dim`; columns: all else.
Tensor matrix_of(const Tensor& weight, std::int64_t dim, const Location& at) {
  const Tensor rows_first = dim == 0 ? weight : movedim(weight, dim, 0, at);
  return reshape(rows_first, {rows_first.size(0), -1}, at);
}

struct Singular {
  Parameter u, v;
  std::int64_t iterations = 1, dim = 0;
  double eps = 1e-12;
  bool v_first = false;

  Tensor unit(const Tensor& x, const Location& at) const { return normalize(x, 2, 0, eps, at); }
  void iterate(const Tensor& matrix, std::int64_t times, const Location& at) const {
    const NoGradGuard off;
    const Tensor w = matrix.detach();
    Tensor left = u, right = v;
    for (std::int64_t i = 0; i < times; ++i) {
      if (v_first) right.copy_(unit(mv(transpose(w, 0, 1, at), left, at), at), at);
      left.copy_(unit(mv(w, right, at), at), at);
      if (!v_first) right.copy_(unit(mv(transpose(w, 0, 1, at), left, at), at), at);
    }
  }
  Tensor normalised(const Tensor& weight, bool training, const Location& at) const {
    const Tensor matrix = matrix_of(weight, dim, at);
    if (training && !xgrad::detail::recomputing()) iterate(matrix, iterations, at);
    const Tensor left = u.detach().clone(), right = v.detach().clone();  // the next call changes u and v
    return div(weight, dot(left, mv(matrix, right, at), at), at);
  }
};

struct SpectralNorm : Layer<SpectralNorm> {
  SpectralNorm(const Tensor& weight, const Singular& settings, const Location& at)
      : Layer("SpectralNorm"), singular(settings), vector(weight.dim() < 2) {
    if (vector) return;
    const Tensor matrix = matrix_of(weight.detach(), singular.dim, at);
    const TensorOptions like{.dtype = weight.dtype()};
    singular.u = register_buffer("_u", singular.unit(randn({matrix.size(0)}, like), at));
    singular.v = register_buffer("_v", singular.unit(randn({matrix.size(1)}, like), at));
    singular.iterate(matrix, 15, at);
  }
  Tensor forward(const Tensor& weight, Location at = Location::current()) const {
    return vector ? normalize(weight, 2, 0, singular.eps, at) : singular.normalised(weight, is_training(), at);
  }
  Singular singular;
  bool vector;
};

// ---- orthogonal matrices and corrections of low rank ----
struct Orthogonal : Layer<Orthogonal> {
  Orthogonal(const Tensor& weight, utils::OrthogonalMap kind, bool trivialize, const Location& at)
      : Layer("Orthogonal"), map(kind) {
    if (trivialize) base = register_buffer("base", orthogonal_base(weight.detach(), at));
  }
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return orthogonal_from(x, map, base, at); }
  Tensor right_inverse(const Tensor& value) const {
    if (base.defined()) return minus_identity_like(value);
    return map == utils::OrthogonalMap::householder ? reflections_of(value) : value;
  }
  utils::OrthogonalMap map;
  Parameter base;
};

struct LowRank : Layer<LowRank> {
  LowRank(const Tensor& weight, const utils::LoRAOptions& o)
      : Layer(fmt::format("LoRA(rank={}, alpha={})", o.rank, o.alpha)), factor(o.alpha / static_cast<double>(o.rank)) {
    const TensorOptions like{.dtype = weight.dtype()};
    const std::int64_t rows = weight.size(0);
    lora_A = register_parameter("lora_A", empty({o.rank, weight.numel() / rows}, like));
    lora_B = register_parameter("lora_B", zeros({rows, o.rank}, like));
    init::kaiming_uniform_(lora_A, std::sqrt(5.0));
  }
  Tensor forward(const Tensor& weight, Location at = Location::current()) const {
    return add(weight, reshape(matmul(lora_B, lora_A, at), weight.shape(), at), factor, at);
  }
  Parameter lora_A, lora_B;
  double factor;
};

void require_dim(const char* op, const Tensor& weight, std::int64_t dim, const Location& at) {
  if (dim < 0 || dim >= weight.dim())
    ErrorReport(op, fmt::format("dim {} out of range [0, {}]", dim, weight.dim() - 1), at)
        .operand("weight", weight)
        .index_error();
}

}  // namespace

namespace utils::parametrize {

bool is_parametrized(const Module& module, const std::string& name) {
  if (name.empty()) {
    for (const std::string& each : ComputedTensors::names(module))
      if (is_parametrized(module, each)) return true;
    return false;
  }
  const char* maker = ComputedTensors::maker(module, name);
  return maker && std::string(maker) == kParametrize;
}

Tensor value(const Module& module, const std::string& name, Location at) {
  return ComputedTensors::value(module, name, at);
}

void remove_parametrizations(const Module& module, const std::string& name, bool leave_parametrized, Location at) {
  constexpr const char* op = "remove_parametrizations";
  ComputedTensors::require(module, name, kParametrize, op, at);
  const Module lists = ComputedTensors::child(module, "parametrizations");
  const Module list = ComputedTensors::child(lists, name);
  const NamedTensors originals = list.named_parameters(false);
  if (!leave_parametrized && originals.size() != 1)
    ErrorReport(op, fmt::format("'{}' is made of {} originals: none of them is its value", name, originals.size()), at)
        .help("leave_parametrized = true keeps the present value")
        .value_error();
  const Tensor values =
      leave_parametrized ? ComputedTensors::value(module, name, at).detach() : originals.front().second.detach();
  ComputedTensors::restore(module, name, values, originals.front().second.requires_grad(), at);
  ComputedTensors::drop(lists, name);
  if (lists.named_children().empty()) ComputedTensors::drop(module, "parametrizations");
}

}  // namespace utils::parametrize

namespace utils {
namespace {

// The parts out of the lists, the value in.
void merge(const Module& m, const std::string& name, const char* maker, const char* op,
           const std::vector<std::string>& parts, const Location& at) {
  ComputedTensors::require(m, name, maker, op, at);
  const bool trained = m.get_parameter(parts.front(), at).requires_grad();
  ComputedTensors::restore(m, name, ComputedTensors::value(m, name, at).detach(), trained, at);
  for (const std::string& part : parts) ComputedTensors::drop(m, part);
}

}  // namespace

void remove_weight_norm(const Module& module, const std::string& name, Location at) {
  merge(module, name, "weight_norm", "remove_weight_norm", {name + "_g", name + "_v"}, at);
}
void remove_spectral_norm(const Module& module, const std::string& name, Location at) {
  merge(module, name, "spectral_norm", "remove_spectral_norm", {name + "_orig", name + "_u", name + "_v"}, at);
}

}  // namespace utils

}  // namespace xgrad::nn

namespace xgrad::detail {

using nn::Module;
using nn::Parameter;

void parametrize(const Module& m, const std::string& name, Module& formula, ParametrizationSteps steps,
                 const Location& at) {
  const CallSite site(at);
  Module owner = m;
  formula.train(owner.is_training());
  if (nn::utils::parametrize::is_parametrized(m, name)) {
    if (steps.several)
      ErrorReport(nn::kParametrize,
                  fmt::format("'{}' has a formula already, and one of several originals is the first", name), at)
          .value_error();
    Module list = ComputedTensors::child(ComputedTensors::child(m, "parametrizations"), name);
    list.register_module(std::to_string(list.named_children().size()), formula, at);
    ComputedTensors::append(
        m, name,
        [&](ComputedTensors::Value before) -> ComputedTensors::Value {
          return [before, forward = steps.forward](bool training, const Location& where) {
            return forward({before(training, where)}, where);
          };
        },
        at);
    return;
  }
  const Tensor shown = ComputedTensors::parameter(m, name, nn::kParametrize, at);
  const bool trained = shown.requires_grad();
  std::vector<Tensor> originals{shown.detach()};
  {
    const NoGradGuard off;
    if (steps.right_inverse) originals = steps.right_inverse(shown.detach());
    for (Tensor& t : originals) t = t.detach().clone();
  }
  Module list("ParametrizationList");
  std::vector<Parameter> parts;
  for (std::size_t i = 0; i < originals.size(); ++i)
    parts.push_back(list.register_parameter(steps.several ? fmt::format("original{}", i) : std::string("original"),
                                            originals[i], trained, at));
  list.register_module("0", formula, at);
  // Everything that may fail comes before the module changes.
  const Tensor first = steps.forward({parts.begin(), parts.end()}, at);
  if (!(first.shape() == shown.shape()) || first.dtype() != shown.dtype())
    ErrorReport(nn::kParametrize, fmt::format("the formula of '{}' gives another shape or type than it has", name), at)
        .operand("parameter", shown)
        .operand("formula gives", first)
        .shape_error();
  ComputedTensors::replace(
      m, name, nn::kParametrize,
      [parts, forward = steps.forward](bool, const Location& where) {
        return forward({parts.begin(), parts.end()}, where);
      },
      at);
  Module lists = ComputedTensors::child(m, "parametrizations");
  if (!lists) lists = owner.register_module("parametrizations", Module("ModuleDict"), at);
  lists.register_module(name, list, at);
}

void weight_norm(const Module& m, const std::string& name, std::optional<std::int64_t> dim, bool own_names,
                 const Location& at) {
  const CallSite site(at);
  const Tensor weight = ComputedTensors::parameter(m, name, "weight_norm", at);
  if (dim == -1) dim.reset();  // PyTorch's other way to say so
  if (dim) nn::require_dim("weight_norm", weight, *dim, at);
  if (!own_names) {
    nn::WeightNorm formula(dim);
    return parametrize(m, name, formula, parametrization_steps(formula), at);
  }
  Module owner = m;
  const bool trained = weight.requires_grad();
  const Tensor norms = [&] {
    const NoGradGuard off;
    return nn::norm_except(weight.detach(), dim, at).clone();
  }();
  const Parameter g = owner.register_parameter(name + "_g", norms, trained, at);
  const Parameter v = owner.register_parameter(name + "_v", weight.detach().clone(), trained, at);
  ComputedTensors::replace(
      m, name, "weight_norm", [g, v, dim](bool, const Location& where) { return nn::weight_of_norm(g, v, dim, where); },
      at);
}

void spectral_norm(const Module& m, const std::string& name, const nn::utils::SpectralNormOptions& o, bool own_names,
                   const Location& at) {
  const CallSite site(at);
  const Tensor weight = ComputedTensors::parameter(m, name, "spectral_norm", at);
  const nn::OptionCheck check("spectral_norm", at);
  if (o.n_power_iterations < 1)
    check.fail(fmt::format("n_power_iterations must be positive, got {}", o.n_power_iterations));
  check.at_least_zero("eps", o.eps);
  const bool transposed = m.label().starts_with("ConvTranspose") && weight.dim() > 1;
  nn::Singular s;
  s.dim = o.dim.value_or(transposed ? 1 : 0);
  s.iterations = o.n_power_iterations;
  s.eps = o.eps;
  nn::require_dim("spectral_norm", weight, s.dim, at);
  if (weight.numel() == 0) check.fail("the weight has no elements");
  if (!own_names) {
    nn::SpectralNorm formula(weight, s, at);
    return parametrize(m, name, formula, parametrization_steps(formula), at);
  }
  Module owner = m;
  const Tensor matrix = nn::matrix_of(weight.detach(), s.dim, at);
  const TensorOptions like{.dtype = weight.dtype()};
  const Parameter original =
      owner.register_parameter(name + "_orig", weight.detach().clone(), weight.requires_grad(), at);
  s.v_first = true;
  s.u = owner.register_buffer(name + "_u", s.unit(randn({matrix.size(0)}, like), at), true, at);
  s.v = owner.register_buffer(name + "_v", s.unit(randn({matrix.size(1)}, like), at), true, at);
  s.iterate(matrix, 1, at);
  ComputedTensors::replace(
      m, name, "spectral_norm",
      [original, s](bool training, const Location& where) { return s.normalised(original, training, where); }, at);
}

void orthogonal(const Module& m, const std::string& name, const nn::utils::OrthogonalOptions& o, const Location& at) {
  const CallSite site(at);
  const Tensor weight = ComputedTensors::parameter(m, name, "orthogonal", at);
  if (weight.dim() < 2)
    ErrorReport("orthogonal", fmt::format("needs a matrix, '{}' has {} dimensions", name, weight.dim()), at)
        .operand("weight", weight)
        .shape_error();
  using nn::utils::OrthogonalMap;
  const OrthogonalMap map = o.orthogonal_map.value_or(weight.size(-1) == weight.size(-2) ? OrthogonalMap::matrix_exp
                                                                                         : OrthogonalMap::householder);
  nn::Orthogonal formula(weight, map, o.use_trivialization, at);
  parametrize(m, name, formula, parametrization_steps(formula), at);
}

void lora(const Module& m, const std::string& name, const nn::utils::LoRAOptions& o, const Location& at) {
  const CallSite site(at);
  const nn::OptionCheck check("lora", at);
  const bool again = nn::utils::parametrize::is_parametrized(m, name);
  const Tensor weight =
      again ? ComputedTensors::value(m, name, at).detach() : ComputedTensors::parameter(m, name, "lora", at);
  if (o.rank < 1) check.fail(fmt::format("rank must be positive, got {}", o.rank));
  check.finite("alpha", o.alpha);
  if (weight.dim() < 2 || weight.numel() == 0)
    ErrorReport("lora", fmt::format("needs a matrix, '{}' has none", name), at).operand("weight", weight).shape_error();
  nn::LowRank formula(weight, o);
  parametrize(m, name, formula, parametrization_steps(formula), at);
  for (auto& [key, t] : m.get_submodule("parametrizations." + name, at).named_parameters(false))
    t.requires_grad_(false);
}

}  // namespace xgrad::detail
