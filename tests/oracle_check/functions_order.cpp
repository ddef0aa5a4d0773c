// Running totals, differences, order, quantiles, histograms.
#include <optional>

#include "functions.hpp"

namespace oracle {

namespace {

List both(const xgrad::ValuesIndices& r) { return {r.values, r.indices}; }

std::optional<std::int64_t> optional_dim(Args& a) {
  return a.given("dim") ? std::optional(a.integer("dim")) : std::nullopt;
}

using Running = Tensor (*)(const Tensor&, std::int64_t, xgrad::Location);
Function running(Running f) {
  return {"input|x dim dtype?", [f](Args& a) {
            const Tensor x = a.tensor("input");
            return f(a.given("dtype") ? x.to(a.dtype("dtype", x.dtype())) : x, a.integer("dim"), here());
          }};
}
using RunningPair = xgrad::ValuesIndices (*)(const Tensor&, std::int64_t, xgrad::Location);
Function running(RunningPair f) {
  return {"input|x dim", [f](Args& a) { return both(f(a.tensor("input"), a.integer("dim"), here())); }};
}

Value diff(Args& a) {
  return xgrad::diff(a.tensor("input"), a.integer("n", 1), a.integer("dim", -1), a.optional_tensor("prepend"),
                     a.optional_tensor("append"));
}

using ByDistance = Tensor (*)(const Tensor&, Scalar, std::int64_t, xgrad::Location);
using ByPlaces = Tensor (*)(const Tensor&, const Tensor&, std::int64_t, xgrad::Location);
Function integral(ByDistance f, ByPlaces g) {
  return {"y|input x? dim? dx?", [f, g](Args& a) {
            const Tensor y = a.tensor("y");
            const std::int64_t dim = a.integer("dim", -1);
            if (a.given("x")) return g(y, a.tensor("x"), dim, here());
            return f(y, a.given("dx") ? a["dx"].scalar() : Scalar(1), dim, here());
          }};
}

Value gradient(Args& a) {
  const Tensor x = a.tensor("input");
  const Shape dims = a.shape("dim", {});
  const auto order = static_cast<int>(a.integer("edge_order", 1));
  if (!a.given("spacing")) return xgrad::gradient(x, std::vector<double>{}, dims, order);
  const Value& s = a["spacing"];
  if (s.is_number()) return xgrad::gradient(x, {s.real()}, dims, order);
  if (!s.list() || s.list()->empty() || s.list()->front().is_tensor())
    return xgrad::gradient(x, s.tensors(), dims, order);
  std::vector<double> spacing;
  for (const Value& v : *s.list()) spacing.push_back(v.real());
  return xgrad::gradient(x, spacing, dims, order);
}

using OfAll = Tensor (*)(const Tensor&, xgrad::Location);
using Along = xgrad::ValuesIndices (*)(const Tensor&, std::int64_t, bool, xgrad::Location);
Function middle(OfAll all, Along along) {
  return {"input|x dim? keepdim?", [all, along](Args& a) -> Value {
            if (!a.given("dim")) return all(a.tensor("input"), here());
            return both(along(a.tensor("input"), a.integer("dim"), a.flag("keepdim"), here()));
          }};
}

template <class OfNumber, class OfTensor>
Function quantiles(OfNumber one, OfTensor several) {
  return {"input|x q dim? keepdim? interpolation?", [one, several](Args& a) {
            const Tensor x = a.tensor("input");
            const std::string how = a.text("interpolation", "linear");
            const auto dim = optional_dim(a);
            const bool keepdim = a.flag("keepdim");
            const Value& q = a["q"];
            if (q.is_number()) return one(x, q.real(), dim, keepdim, how, here());
            if (q.is_tensor()) return several(x, q.tensor(), dim, keepdim, how, here());
            std::vector<double> list;
            for (const Value& v : *q.list()) list.push_back(v.real());
            return several(x, xgrad::tensor(list, {xgrad::kFloat64}), dim, keepdim, how, here());
          }};
}
using OneQuantile = Tensor (*)(const Tensor&, double, std::optional<std::int64_t>, bool, const std::string&,
                               xgrad::Location);
using SomeQuantiles = Tensor (*)(const Tensor&, const Tensor&, std::optional<std::int64_t>, bool, const std::string&,
                                 xgrad::Location);

// The results that are asked for; records of "ops" give all three.
Value unique(Args& a, bool consecutive) {
  const Tensor x = a.tensor("input");
  a.flag("sorted");  // always
  const auto dim = optional_dim(a);
  const xgrad::UniqueResult r = consecutive ? (dim ? xgrad::unique_consecutive(x, *dim) : xgrad::unique_consecutive(x))
                                            : (dim ? xgrad::unique(x, *dim) : xgrad::unique(x));
  const bool all = !a.given("return_inverse") && !a.given("return_counts");
  List out{r.values};
  if (all || a.flag("return_inverse")) out.push_back(r.inverse);
  if (all || a.flag("return_counts")) out.push_back(r.counts);
  return out;
}

bool on_the_right(Args& a) { return a.flag("right") || a.text("side", "left") == "right"; }
Tensor as_wanted(Args& a, const Tensor& places) { return a.flag("out_int32") ? places.to(xgrad::kInt32) : places; }

// Records of "ops" ask for both sides.
Value searchsorted(Args& a) {
  const Tensor sorted = a.tensor("sorted_sequence"), values = a.tensor("values");
  if (!a.given("right") && !a.given("side") && !a.given("out_int32") && !a.given("sorter"))
    return List{xgrad::searchsorted(sorted, values), xgrad::searchsorted(sorted, values, true)};
  return as_wanted(a, xgrad::searchsorted(sorted, values, on_the_right(a), a.optional_tensor("sorter")));
}

Value histogram(Args& a) {
  xgrad::HistogramOptions o{.weight = a.optional_tensor("weight"), .density = a.flag("density")};
  if (a.given("range")) {
    const List& l = *a["range"].list();
    o.range = {l.at(0).real(), l.at(1).real()};
  }
  const Tensor x = a.tensor("input");
  const xgrad::Histogram h =
      a["bins"].is_tensor() ? xgrad::histogram(x, a.tensor("bins"), o) : xgrad::histogram(x, a.integer("bins"), o);
  return List{h.hist, h.bin_edges};
}

void add_ranks(FunctionTable& t) {
  t["sort"] = {"input|x dim? descending? stable?", [](Args& a) {
                 a.flag("stable");  // always
                 return both(xgrad::sort(a.tensor("input"), a.integer("dim", -1), a.flag("descending")));
               }};
  t["argsort"] = {"input|x dim? descending? stable?", [](Args& a) {
                    a.flag("stable");
                    return xgrad::argsort(a.tensor("input"), a.integer("dim", -1), a.flag("descending"));
                  }};
  t["msort"] = {"input|x", [](Args& a) { return xgrad::msort(a.tensor("input")); }};
  t["topk"] = {
      "input|x k dim? largest? sorted?", [](Args& a) {
        a.flag("sorted");  // always
        return both(xgrad::topk(a.tensor("input"), a.integer("k"), a.integer("dim", -1), a.flag("largest", true)));
      }};
  t["kthvalue"] = {
      "input|x k dim? keepdim?", [](Args& a) {
        return both(xgrad::kthvalue(a.tensor("input"), a.integer("k"), a.integer("dim", -1), a.flag("keepdim")));
      }};
  t["median"] = t["median_dim"] = middle(xgrad::median, xgrad::median);
  t["nanmedian"] = middle(xgrad::nanmedian, xgrad::nanmedian);
  t["mode"] = {"input|x dim? keepdim?",
               [](Args& a) { return both(xgrad::mode(a.tensor("input"), a.integer("dim", -1), a.flag("keepdim"))); }};
  t["quantile"] = quantiles<OneQuantile, SomeQuantiles>(xgrad::quantile, xgrad::quantile);
  t["nanquantile"] = quantiles<OneQuantile, SomeQuantiles>(xgrad::nanquantile, xgrad::nanquantile);
}

void add_counts(FunctionTable& t) {
  t["unique"] = {"input|x sorted? return_inverse? return_counts? dim?", [](Args& a) { return unique(a, false); }};
  t["unique_consecutive"] = {"input|x return_inverse? return_counts? dim?", [](Args& a) { return unique(a, true); }};
  t["isin"] = {"elements|x test_elements assume_unique? invert?", [](Args& a) {
                 a.flag("assume_unique");
                 return xgrad::isin(a.tensor("elements"), a.tensor("test_elements"), a.flag("invert"));
               }};
  t["bincount"] = {"input|x weights|w? minlength?", [](Args& a) {
                     return xgrad::bincount(a.tensor("input"), a.optional_tensor("weights"), a.integer("minlength", 0));
                   }};
  t["histc"] = {"input|x bins? min? max?", [](Args& a) {
                  return xgrad::histc(a.tensor("input"), a.integer("bins", 100), a.real("min", 0), a.real("max", 0));
                }};
  t["histogram"] = {"input|x bins range? weight? density?", histogram};
  t["searchsorted"] = {"sorted_sequence|s values|v out_int32? right? side? sorter?", searchsorted};
  t["bucketize"] = {"input boundaries out_int32? right?", [](Args& a) {
                      return as_wanted(a, xgrad::bucketize(a.tensor("input"), a.tensor("boundaries"), on_the_right(a)));
                    }};
}

}  // namespace

void add_order(FunctionTable& t) {
  t["cumsum"] = running(xgrad::cumsum);
  t["cumprod"] = running(xgrad::cumprod);
  t["logcumsumexp"] = running(xgrad::logcumsumexp);
  t["cummax"] = running(xgrad::cummax);
  t["cummin"] = running(xgrad::cummin);
  t["diff"] = {"input|x n? dim? prepend? append?", diff};
  t["trapezoid"] = t["trapz"] = integral(xgrad::trapezoid, xgrad::trapezoid);
  t["cumulative_trapezoid"] = integral(xgrad::cumulative_trapezoid, xgrad::cumulative_trapezoid);
  t["gradient"] = {"input|x spacing? dim? edge_order?", gradient};
  add_ranks(t);
  add_counts(t);
}

}  // namespace oracle
