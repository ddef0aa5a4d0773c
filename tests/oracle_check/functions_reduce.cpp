// Reductions, softmax, products of matrices.
#include "functions.hpp"

namespace oracle {

namespace {

// Tensor with `dtype` applied first, as PyTorch's reductions and softmax do.
Tensor cast_input(Args& a) {
  const Tensor x = a.tensor("input");
  return a.given("dtype") ? x.to(a.dtype("dtype", x.dtype())) : x;
}

Value sum_or_mean(Args& a, Tensor (*all)(const Tensor&, xgrad::Location),
                  Tensor (*some)(const Tensor&, const Shape&, bool, xgrad::Location)) {
  const Tensor x = cast_input(a);
  const bool keepdim = a.flag("keepdim");
  if (!a.given("dim") && !keepdim) return all(x, here());
  return some(x, a.shape("dim", {}), keepdim, here());
}

Value var_or_std(Args& a, Tensor (*f)(const Tensor&, const Shape&, double, bool, xgrad::Location)) {
  const Tensor x = a.tensor("input");
  // var(x, False): the second argument is `unbiased` when it is a bool.
  if (a.given("dim") && a["dim"].get<bool>()) return f(x, {}, a.flag("dim"), false, here());
  const bool keepdim = a.flag("keepdim"), unbiased = a.flag("unbiased", true);
  return f(x, a.shape("dim", {}), a.real("correction", unbiased), keepdim, here());
}

// var_mean(x, dim, unbiased, keepdim, correction).
Value moments(Args& a, bool root) {
  const Tensor x = a.tensor("input");
  const bool keepdim = a.flag("keepdim"), unbiased = a.flag("unbiased", true);
  const double correction = a.real("correction", unbiased);
  const Shape dims = a.shape("dim", {});
  if (root) {
    const xgrad::StdMean r = xgrad::std_mean(x, dims, correction, keepdim);
    return List{r.std, r.mean};
  }
  const xgrad::VarMean r = xgrad::var_mean(x, dims, correction, keepdim);
  return List{r.var, r.mean};
}

Value aminmax(Args& a) {
  const Tensor x = a.tensor("input");
  if (x.dim() == 0 && a.given("dim") && a.flag("keepdim")) {  // PyTorch gives (1) there
    const xgrad::MinMax r = xgrad::aminmax(x.reshape({1}), a.shape("dim"), true);
    return List{r.min, r.max};
  }
  const xgrad::MinMax r = xgrad::aminmax(x, a.shape("dim", {}), a.flag("keepdim"));
  return List{r.min, r.max};
}

// max(x), max(x, dim, keepdim) -> values and indices, max(x, y).
Value extremum(Args& a, bool largest) {
  const Tensor x = a.tensor("input");
  if (!a.given("dim")) return largest ? xgrad::max(x) : xgrad::min(x);
  if (a["dim"].is_tensor()) return largest ? xgrad::maximum(x, a.tensor("dim")) : xgrad::minimum(x, a.tensor("dim"));
  const std::int64_t dim = a.integer("dim");
  const bool keepdim = a.flag("keepdim");
  const xgrad::ValuesIndices r = largest ? xgrad::max(x, dim, keepdim) : xgrad::min(x, dim, keepdim);
  return List{r.values, r.indices};
}

Value arg_extremum(Args& a, bool largest) {
  const Tensor x = a.tensor("input");
  const bool keepdim = a.flag("keepdim");
  if (!a.given("dim")) {
    if (keepdim) throw Unsupported("keepdim without dim");
    return largest ? xgrad::argmax(x) : xgrad::argmin(x);
  }
  const std::int64_t dim = a.integer("dim");
  return largest ? xgrad::argmax(x, dim, keepdim) : xgrad::argmin(x, dim, keepdim);
}

Value any_or_all(Args& a, Tensor (*all)(const Tensor&, xgrad::Location),
                 Tensor (*along)(const Tensor&, const Shape&, bool, xgrad::Location)) {
  const Tensor x = a.tensor("input");
  return a.given("dim") ? along(x, a.shape("dim"), a.flag("keepdim"), here()) : all(x, here());
}

Value prod(Args& a) {
  const Tensor x = cast_input(a);
  const bool keepdim = a.flag("keepdim");
  if (a.given("dim")) return xgrad::prod(x, a.integer("dim"), keepdim);
  if (keepdim) throw Unsupported("keepdim without dim");
  return xgrad::prod(x);
}

using Binary = Tensor (*)(const Tensor&, const Tensor&, xgrad::Location);
Function product(Binary f) {
  return {"input|x|mat1|self other|mat2|vec|vec2|tensor|y",
          [f](Args& a) { return f(a.tensor("input"), a.tensor("other"), here()); }};
}

}  // namespace

void add_reductions(FunctionTable& t) {
  t["sum"] = {"input|x dim|axis? keepdim? dtype?", [](Args& a) { return sum_or_mean(a, xgrad::sum, xgrad::sum); }};
  t["mean"] = {"input|x dim|axis? keepdim? dtype?", [](Args& a) { return sum_or_mean(a, xgrad::mean, xgrad::mean); }};
  t["var"] = {"input|x dim|axis? unbiased? keepdim? correction?", [](Args& a) { return var_or_std(a, xgrad::var); }};
  t["std"] = {"input|x dim|axis? unbiased? keepdim? correction?", [](Args& a) { return var_or_std(a, xgrad::std); }};
  t["var_mean"] = {"input|x dim? unbiased? keepdim? correction?", [](Args& a) { return moments(a, false); }};
  t["std_mean"] = {"input|x dim? unbiased? keepdim? correction?", [](Args& a) { return moments(a, true); }};
  t["nansum"] = {"input|x dim? keepdim? dtype?",
                 [](Args& a) { return xgrad::nansum(cast_input(a), a.shape("dim", {}), a.flag("keepdim")); }};
  t["nanmean"] = {"input|x dim? keepdim? dtype?",
                  [](Args& a) { return xgrad::nanmean(cast_input(a), a.shape("dim", {}), a.flag("keepdim")); }};
  t["count_nonzero"] = {"input|x dim?",
                        [](Args& a) { return xgrad::count_nonzero(a.tensor("input"), a.shape("dim", {})); }};
  t["aminmax"] = {"input|x dim? keepdim?", aminmax};
  t["prod"] = {"input|x dim? keepdim? dtype?", prod};
  t["max"] = {"input|x dim|other? keepdim?", [](Args& a) { return extremum(a, true); }};
  t["min"] = {"input|x dim|other? keepdim?", [](Args& a) { return extremum(a, false); }};
  t["amax"] = {"input|x dim|axis? keepdim?",
               [](Args& a) { return xgrad::amax(a.tensor("input"), a.shape("dim", {}), a.flag("keepdim")); }};
  t["amin"] = {"input|x dim|axis? keepdim?",
               [](Args& a) { return xgrad::amin(a.tensor("input"), a.shape("dim", {}), a.flag("keepdim")); }};
  t["argmax"] = {"input|x dim? keepdim?", [](Args& a) { return arg_extremum(a, true); }};
  t["argmin"] = {"input|x dim? keepdim?", [](Args& a) { return arg_extremum(a, false); }};
  t["any"] = {"input|x dim? keepdim?", [](Args& a) { return any_or_all(a, xgrad::any, xgrad::any); }};
  t["all"] = {"input|x dim? keepdim?", [](Args& a) { return any_or_all(a, xgrad::all, xgrad::all); }};
  t["logsumexp"] = t["special.logsumexp"] = {
      "input|x dim keepdim?",
      [](Args& a) { return xgrad::logsumexp(a.tensor("input"), a.shape("dim"), a.flag("keepdim")); }};
  t["softmax"] = t["nn.functional.softmax"] = t["special.softmax"] = {
      "input|x dim dtype?", [](Args& a) { return xgrad::softmax(cast_input(a), a.integer("dim")); }};
  t["log_softmax"] = t["nn.functional.log_softmax"] = t["special.log_softmax"] = {
      "input|x dim dtype?", [](Args& a) { return xgrad::log_softmax(cast_input(a), a.integer("dim")); }};

  t["matmul"] = t["linalg.matmul"] = product(xgrad::matmul);
  t["mm"] = product(xgrad::mm);
  t["mv"] = product(xgrad::mv);
  t["bmm"] = product(xgrad::bmm);
  t["dot"] = product(xgrad::dot);
  t["outer"] = t["ger"] = product(xgrad::outer);
}

}  // namespace oracle
