// Parameters that are made of others for every call of a module, as PyTorch's torch.nn.utils has them: weights of a
// given norm, orthogonal ones, corrections of low rank, and formulas of your own.
//
//   nn::Linear fc = register_module("fc", nn::utils::parametrizations::weight_norm(nn::Linear(20, 40)));
//
// The parameter leaves the module's list, and those that it is made of come in: they are trained, saved and loaded in
// its place. Members such as fc.weight go on showing its value, that of the last call, without a gradient; calls of the
// module, fc(x), see the one that leads back to what is trained (forward() by itself does not). Optimizers are made
// afterwards. All functions throw a ValueError when there is no parameter of that name, or when another function has
// made it computed already.
#pragma once

#include <concepts>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <xgrad/by_name.hpp>
#include <xgrad/nn/layer.hpp>
#include <xgrad/nn/module.hpp>

namespace xgrad::detail {

// A formula of a parametrization, whatever class it is of.
struct ParametrizationSteps {
  std::function<Tensor(const std::vector<Tensor>&, const Location&)> forward;
  std::function<std::vector<Tensor>(const Tensor&)> right_inverse;
  bool several = false;  // originals
};

XGRAD_API void parametrize(const nn::Module& m, const std::string& name, nn::Module& formula,
                           ParametrizationSteps steps, const Location& at);

template <class P>
concept OfSeveral = requires(const P& p, const std::vector<Tensor>& originals) {
  { p.forward(originals) } -> std::convertible_to<Tensor>;
};

template <class P>
ParametrizationSteps parametrization_steps(const P& p) {
  ParametrizationSteps s;
  s.several = OfSeveral<P>;
  if constexpr (OfSeveral<P>) {
    s.forward = [p](const std::vector<Tensor>& x, const Location& at) -> Tensor { return ModuleCalls::run(p, at, x); };
    s.right_inverse = [p](const Tensor& value) -> std::vector<Tensor> { return p.right_inverse(value); };
  } else {
    require_one_input<P>();
    s.forward = [p](const std::vector<Tensor>& x, const Location& at) { return nn::AnyModule::call(p, x.at(0), at); };
    if constexpr (requires(const Tensor& t) { p.right_inverse(t); })
      s.right_inverse = [p](const Tensor& value) -> std::vector<Tensor> { return {p.right_inverse(value)}; };
  }
  return s;
}

}  // namespace xgrad::detail

namespace xgrad::nn::utils {

namespace parametrize {

// parameter = formula(original): a module with forward(Tensor), and, where there is one, right_inverse(Tensor) const,
// which gives the original that the parameter's present value is made of (without it that value is the original). A
// second formula of the same parameter is applied to the result of the first. Several originals: forward(const
// std::vector<Tensor>&) and a right_inverse that returns them; first formula only.
// Names as in PyTorch: parametrizations.weight.original (original0, original1, ...), and what the formulas have of
// their own, parametrizations.weight.0.*. ShapeError when formula gives another shape or type.
template <std::derived_from<Module> M, std::derived_from<Module> P>
M register_parametrization(M module, const std::string& name, P formula, Location at = Location::current()) {
  xgrad::detail::require_own_forward<P>();
  if (!formula) xgrad::detail::empty_module(typeid(P), at);
  xgrad::detail::parametrize(module, name, formula, xgrad::detail::parametrization_steps(formula), at);
  return module;
}
// Whether a parameter, or any, is computed.
XGRAD_API bool is_parametrized(const Module& module, const std::string& name = "");
// A parameter again: with its present value, or, with leave_parametrized = false, with its original.
XGRAD_API void remove_parametrizations(const Module& module, const std::string& name, bool leave_parametrized = true,
                                       Location at = Location::current());
// The value with its gradient, for penalties: value(fc, "weight").norm().
[[nodiscard]] XGRAD_API Tensor value(const Module& module, const std::string& name = "weight",
                                     Location at = Location::current());

}  // namespace parametrize

struct SpectralNormOptions {
  ByName by_name = ByName();
  std::int64_t n_power_iterations = 1;
  double eps = 1e-12;
  std::optional<std::int64_t> dim = {};  // the rows of the matrix: 0, and 1 for transposed convolutions
};

// exp: skew-symmetric A of the lower triangle; cayley: (I + A/2)^-1 (I - A/2); householder: a product of reflections.
enum class OrthogonalMap { matrix_exp, cayley, householder };
inline std::ostream& operator<<(std::ostream& os, OrthogonalMap v) {
  return xgrad::detail::print_choice(os, static_cast<int>(v), {"matrix_exp", "cayley", "householder"});
}
struct OrthogonalOptions {
  ByName by_name = ByName();
  std::optional<OrthogonalMap> orthogonal_map = {};  // matrix_exp for square matrices, else householder
  bool use_trivialization = true;                    // Q = base Q(X), where base is the first value
};

struct LoRAOptions {
  ByName by_name = ByName();
  std::int64_t rank = 8;
  double alpha = 8;
};

}  // namespace xgrad::nn::utils

namespace xgrad::detail {

XGRAD_API void weight_norm(const nn::Module& m, const std::string& name, std::optional<std::int64_t> dim,
                           bool own_names, const Location& at);
XGRAD_API void spectral_norm(const nn::Module& m, const std::string& name, const nn::utils::SpectralNormOptions& o,
                             bool own_names, const Location& at);
XGRAD_API void orthogonal(const nn::Module& m, const std::string& name, const nn::utils::OrthogonalOptions& o,
                          const Location& at);
XGRAD_API void lora(const nn::Module& m, const std::string& name, const nn::utils::LoRAOptions& o, const Location& at);

}  // namespace xgrad::detail

namespace xgrad::nn::utils {

namespace parametrizations {

// weight = g v / |v|, norms over all dimensions but dim; std::nullopt, or -1 as in PyTorch: one norm. Originals:
// original0 = g, original1 = v. T. Salimans & D. Kingma 2016.
template <std::derived_from<Module> M>
M weight_norm(M module, const std::string& name = "weight", std::optional<std::int64_t> dim = 0,
              Location at = Location::current()) {
  xgrad::detail::weight_norm(module, name, dim, false, at);
  return module;
}
// weight / sigma, sigma = u^T W v nearly the largest singular value of the weight as a matrix (size of dim, all else):
// every call in training makes n_power_iterations steps u = W v / |W v|, v = W^T u / |W^T u|. T. Miyato et al. 2018.
template <std::derived_from<Module> M>
M spectral_norm(M module, const std::string& name = "weight", SpectralNormOptions options = {},
                Location at = Location::current()) {
  xgrad::detail::spectral_norm(module, name, options, false, at);
  return module;
}
// Orthonormal rows, or columns when there are fewer, of the last two dimensions. M. Lezcano-Casado & D.
// Martinez-Rubio 2019.
template <std::derived_from<Module> M>
M orthogonal(M module, const std::string& name = "weight", OrthogonalOptions options = {},
             Location at = Location::current()) {
  xgrad::detail::orthogonal(module, name, options, at);
  return module;
}
// weight + alpha / rank B A: the weight is frozen, A (rank, all but the first dimension), at first Kaiming uniform, and
// B (first dimension, rank), at first 0, are trained: parametrizations.weight.0.lora_A and lora_B.
// parametrize::remove_parametrizations merges them into the weight. E. Hu et al. 2021.
template <std::derived_from<Module> M>
M lora(M module, LoRAOptions options = {}, const std::string& name = "weight", Location at = Location::current()) {
  xgrad::detail::lora(module, name, options, at);
  return module;
}

}  // namespace parametrizations

// The same under the names of earlier releases: weight_g, weight_v; weight_orig, buffers weight_u and weight_v, where v
// is iterated first.
template <std::derived_from<Module> M>
M weight_norm(M module, const std::string& name = "weight", std::optional<std::int64_t> dim = 0,
              Location at = Location::current()) {
  xgrad::detail::weight_norm(module, name, dim, true, at);
  return module;
}
template <std::derived_from<Module> M>
M spectral_norm(M module, const std::string& name = "weight", SpectralNormOptions options = {},
                Location at = Location::current()) {
  xgrad::detail::spectral_norm(module, name, options, true, at);
  return module;
}
// A parameter with its present value again.
XGRAD_API void remove_weight_norm(const Module& module, const std::string& name = "weight",
                                  Location at = Location::current());
XGRAD_API void remove_spectral_norm(const Module& module, const std::string& name = "weight",
                                    Location at = Location::current());

}  // namespace xgrad::nn::utils
