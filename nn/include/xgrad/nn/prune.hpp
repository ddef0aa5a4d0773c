// Pruning by masks, with the names of torch.nn.utils.prune: a parameter becomes weight_orig times the buffer
// weight_mask, in every call of the module (<xgrad/nn/parametrize.hpp> says how), until remove() makes it permanent.
// Pruning again prunes among what is left. ValueError: an amount out of range, no parameter of that name.
#pragma once

#include <concepts>
#include <string>
#include <utility>
#include <vector>

#include <xgrad/nn/module.hpp>

namespace xgrad::nn::utils::prune {

// How much to prune: a number of elements or channels, or, as a fraction, a part of those that are left.
class Amount {
 public:
  template <std::integral I>
  Amount(I count) : count_(static_cast<std::int64_t>(count)) {}  // NOLINT
  Amount(double fraction) : fraction_(fraction) {}               // NOLINT
  // Of n. ValueError in the name of op.
  XGRAD_API std::int64_t of(std::int64_t n, const char* op, const Location& at) const;

 private:
  std::int64_t count_ = -1;
  double fraction_ = -1;
};

enum class PruningMethod { l1_unstructured, random_unstructured };

}  // namespace xgrad::nn::utils::prune

namespace xgrad::detail {

// Which elements go: of the smallest |score|, or by chance; channels along dim of the smallest n-norm, or by chance.
struct PruneRule {
  bool random = false;
  std::int64_t dim = -1;  // < 0: single elements
  double n = 2;
  Tensor scores = {};
  const char* op = "";
};
XGRAD_API void prune(const nn::Module& m, const std::string& name, nn::utils::prune::Amount amount,
                     const PruneRule& rule, const Location& at);
// dim, counted from the end where it is negative. IndexError.
XGRAD_API std::int64_t prune_dim(const nn::Module& m, const std::string& name, std::int64_t dim, const char* op,
                                 const Location& at);
// Undefined: all ones.
XGRAD_API void prune_by_mask(const nn::Module& m, const std::string& name, const Tensor& mask, const char* op,
                             const Location& at);

}  // namespace xgrad::detail

namespace xgrad::nn::utils::prune {

// The elements of the smallest absolute value, or importance, where scores of the parameter's shape are given.
template <std::derived_from<Module> M>
M l1_unstructured(M module, const std::string& name, Amount amount, const Tensor& importance_scores = Tensor(),
                  Location at = Location::current()) {
  xgrad::detail::prune(module, name, amount, {.scores = importance_scores, .op = "l1_unstructured"}, at);
  return module;
}
template <std::derived_from<Module> M>
M random_unstructured(M module, const std::string& name, Amount amount, Location at = Location::current()) {
  xgrad::detail::prune(module, name, amount, {.random = true, .op = "random_unstructured"}, at);
  return module;
}
// Whole channels along dim.
template <std::derived_from<Module> M>
M ln_structured(M module, const std::string& name, Amount amount, double n, std::int64_t dim,
                const Tensor& importance_scores = Tensor(), Location at = Location::current()) {
  xgrad::detail::prune(module, name, amount,
                       {.dim = xgrad::detail::prune_dim(module, name, dim, "ln_structured", at),
                        .n = n,
                        .scores = importance_scores,
                        .op = "ln_structured"},
                       at);
  return module;
}
template <std::derived_from<Module> M>
M random_structured(M module, const std::string& name, Amount amount, std::int64_t dim,
                    Location at = Location::current()) {
  xgrad::detail::prune(module, name, amount,
                       {.random = true,
                        .dim = xgrad::detail::prune_dim(module, name, dim, "random_structured", at),
                        .op = "random_structured"},
                       at);
  return module;
}
// By a mask of the parameter's shape, 0 where to prune, on top of those before. ShapeError.
template <std::derived_from<Module> M>
M custom_from_mask(M module, const std::string& name, const Tensor& mask, Location at = Location::current()) {
  xgrad::detail::prune_by_mask(module, name, mask, "custom_from_mask", at);
  return module;
}
// Nothing pruned yet.
template <std::derived_from<Module> M>
M identity(M module, const std::string& name, Location at = Location::current()) {
  xgrad::detail::prune_by_mask(module, name, Tensor(), "identity", at);
  return module;
}

// The elements of the smallest absolute value, or by chance, among all these parameters together.
XGRAD_API void global_unstructured(const std::vector<std::pair<Module, std::string>>& parameters, PruningMethod method,
                                   Amount amount, Location at = Location::current());
// Whether a parameter of the module, or of one below it, is pruned.
XGRAD_API bool is_pruned(const Module& module);
// A parameter again, with zeros where it was pruned.
XGRAD_API void remove(const Module& module, const std::string& name, Location at = Location::current());

}  // namespace xgrad::nn::utils::prune
