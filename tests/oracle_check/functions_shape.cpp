// Views, joining and splitting, making tensors.
#include <optional>

#include "functions.hpp"

namespace oracle {

namespace {

Value squeeze(Args& a) {
  const Tensor x = a.tensor("input");
  return a.given("dim") ? xgrad::squeeze(x, a.shape("dim")) : xgrad::squeeze(x);
}

// movedim(x, 0, 2), movedim(x, [0, 1], [1, 0]).
Value movedim(Args& a) { return xgrad::movedim(a.tensor("input"), a.shape("source"), a.shape("destination")); }

// One number of sections, or where to cut; either may come as a tensor.
template <class Cut>
Value cut(const Value& where, const Cut& f) {
  if (!where.is_tensor()) return where.list() ? f(where.shape().vec()) : f(where.integer());
  const auto v = where.tensor().to_vector<std::int64_t>();
  return where.tensor().dim() == 0 ? f(v.at(0)) : f(v);
}
Value tensor_split(Args& a) {
  const Tensor x = a.tensor("input");
  const std::int64_t dim = a.integer("dim", 0);
  return cut(a["indices_or_sections"], [&](const auto& w) { return xgrad::tensor_split(x, w, dim); });
}

Value repeat_interleave(Args& a) {
  const Tensor x = a.tensor("input");
  const Value& r = a["repeats"];
  std::optional<std::int64_t> dim;
  if (a.given("dim")) dim = a.integer("dim");
  if (r.list()) return xgrad::repeat_interleave(x, xgrad::from_vector(r.shape().vec()), dim);
  return r.is_tensor() ? xgrad::repeat_interleave(x, r.tensor(), dim) : xgrad::repeat_interleave(x, r.integer(), dim);
}

using Joined = Tensor (*)(const std::vector<Tensor>&, xgrad::Location);
Function joined(Joined f) {
  return {"*tensors", [f](Args& a) { return f(a["tensors"].tensors(), here()); }};
}
using OfOne = Tensor (*)(const Tensor&, xgrad::Location);
// atleast_2d and the like: of one tensor, or of each of a list.
Function of_each(OfOne f) {
  return {"*tensors", [f](Args& a) -> Value {
            std::vector<Tensor> all = a["tensors"].tensors();
            for (Tensor& t : all) t = f(t, here());
            if (all.size() == 1) return all[0];
            return all;
          }};
}
using Diagonals = Tensor (*)(const Tensor&, std::int64_t, xgrad::Location);
Function by_offset(Diagonals f) {
  return {"input|x diagonal|offset?", [f](Args& a) { return f(a.tensor("input"), a.integer("diagonal", 0), here()); }};
}

void add_rearranged(FunctionTable& t) {
  t["flip"] = {"input|x *dims", [](Args& a) { return xgrad::flip(a.tensor("input"), a.shape("dims")); }};
  t["fliplr"] = {"input|x", [](Args& a) { return xgrad::fliplr(a.tensor("input")); }};
  t["flipud"] = {"input|x", [](Args& a) { return xgrad::flipud(a.tensor("input")); }};
  t["roll"] = {"input|x shifts dims?",
               [](Args& a) { return xgrad::roll(a.tensor("input"), a.shape("shifts"), a.shape("dims", {})); }};
  t["rot90"] = {"input|x k? dims?", [](Args& a) {
                  return xgrad::rot90(a.tensor("input"), a.integer("k", 1), a.shape("dims", {0, 1}));
                }};
  t["repeat"] = {"input|x *repeats", [](Args& a) { return xgrad::repeat(a.tensor("input"), a.shape("repeats")); }};
  t["tile"] = {"input|x *dims", [](Args& a) { return xgrad::tile(a.tensor("input"), a.shape("dims")); }};
  t["repeat_interleave"] = {"input|x repeats dim?", repeat_interleave};
}

void add_diagonals(FunctionTable& t) {
  t["diagonal"] = {"input|x offset? dim1? dim2?", [](Args& a) {
                     return xgrad::diagonal(a.tensor("input"), a.integer("offset", 0), a.integer("dim1", 0),
                                            a.integer("dim2", 1));
                   }};
  t["diag_embed"] = {"input|x offset? dim1? dim2?", [](Args& a) {
                       return xgrad::diag_embed(a.tensor("input"), a.integer("offset", 0), a.integer("dim1", -2),
                                                a.integer("dim2", -1));
                     }};
  t["diagonal_scatter"] = {"input|x src offset? dim1? dim2?", [](Args& a) {
                             return xgrad::diagonal_scatter(a.tensor("input"), a.tensor("src"), a.integer("offset", 0),
                                                            a.integer("dim1", 0), a.integer("dim2", 1));
                           }};
  t["diag"] = by_offset(xgrad::diag);
  t["diagflat"] = by_offset(xgrad::diagflat);
  t["tril"] = by_offset(xgrad::tril);
  t["triu"] = by_offset(xgrad::triu);
  t["tril_indices"] = {"row col offset?", [](Args& a) {
                         return xgrad::tril_indices(a.integer("row"), a.integer("col"), a.integer("offset", 0));
                       }};
  t["triu_indices"] = {"row col offset?", [](Args& a) {
                         return xgrad::triu_indices(a.integer("row"), a.integer("col"), a.integer("offset", 0));
                       }};
}

void add_joined(FunctionTable& t) {
  t["hstack"] = joined(xgrad::hstack);
  t["vstack"] = t["row_stack"] = joined(xgrad::vstack);
  t["dstack"] = joined(xgrad::dstack);
  t["column_stack"] = joined(xgrad::column_stack);
  t["block_diag"] = joined(xgrad::block_diag);
  t["cartesian_prod"] = joined(xgrad::cartesian_prod);
  t["broadcast_tensors"] = {"*tensors", [](Args& a) { return xgrad::broadcast_tensors(a["tensors"].tensors()); }};
  t["meshgrid"] = {"*tensors indexing?",
                   [](Args& a) { return xgrad::meshgrid(a["tensors"].tensors(), a.text("indexing", "ij")); }};
  t["combinations"] = {"input|x r? with_replacement?", [](Args& a) {
                         return xgrad::combinations(a.tensor("input"), a.integer("r", 2), a.flag("with_replacement"));
                       }};
  t["vander"] = {"x N? increasing?",
                 [](Args& a) { return xgrad::vander(a.tensor("x"), a.integer("N", -1), a.flag("increasing")); }};
  t["linalg.vander"] = {"x N?", [](Args& a) { return xgrad::vander(a.tensor("x"), a.integer("N", -1), true); }};
}

void add_parts(FunctionTable& t) {
  t["unflatten"] = {"input|x dim sizes|unflattened_size",
                    [](Args& a) { return xgrad::unflatten(a.tensor("input"), a.integer("dim"), a.shape("sizes")); }};
  t["movedim"] = t["moveaxis"] = {"input|x source destination", movedim};
  t["atleast_1d"] = of_each(xgrad::atleast_1d);
  t["atleast_2d"] = of_each(xgrad::atleast_2d);
  t["atleast_3d"] = of_each(xgrad::atleast_3d);
  t["unfold"] = t["unfold_dim"] = {"input|x dimension|dim size step", [](Args& a) {
                                     return xgrad::unfold(a.tensor("input"), a.integer("dimension"), a.integer("size"),
                                                          a.integer("step"));
                                   }};
  t["sum_to_size"] = {"input *size", [](Args& a) { return xgrad::sum_to_size(a.tensor("input"), a.shape("size")); }};
  t["tensor_split"] = {"input|x indices_or_sections|sections|indices dim?", tensor_split};
  t["hsplit"] = {"input|x indices_or_sections", [](Args& a) {
                   const Tensor x = a.tensor("input");
                   return cut(a["indices_or_sections"], [&](const auto& w) { return xgrad::hsplit(x, w); });
                 }};
  t["vsplit"] = {"input|x indices_or_sections", [](Args& a) {
                   const Tensor x = a.tensor("input");
                   return cut(a["indices_or_sections"], [&](const auto& w) { return xgrad::vsplit(x, w); });
                 }};
  t["dsplit"] = {"input|x indices_or_sections", [](Args& a) {
                   const Tensor x = a.tensor("input");
                   return cut(a["indices_or_sections"], [&](const auto& w) { return xgrad::dsplit(x, w); });
                 }};
  t["narrow_copy"] = {
      "input|x dim start length", [](Args& a) {
        return xgrad::narrow(a.tensor("input"), a.integer("dim"), a.integer("start"), a.integer("length")).clone();
      }};
  t["select_scatter"] = {"input|x src dim index", [](Args& a) {
                           return xgrad::select_scatter(a.tensor("input"), a.tensor("src"), a.integer("dim"),
                                                        a.integer("index"));
                         }};
  t["slice_scatter"] = {"input|x src dim? start? end? step?", [](Args& a) {
                          return xgrad::slice_scatter(a.tensor("input"), a.tensor("src"), a.integer("dim", 0),
                                                      a.integer("start", 0), a.integer("end", xgrad::Slice::kEnd),
                                                      a.integer("step", 1));
                        }};
}

Value split(Args& a) {
  const Tensor x = a.tensor("input");
  const Value& size = a["split_size_or_sections"];
  const std::int64_t dim = a.integer("dim", 0);
  return size.list() ? xgrad::split(x, size.shape().vec(), dim) : xgrad::split(x, size.integer(), dim);
}

Value flatten(Args& a) {
  return xgrad::flatten(a.tensor("input"), a.integer("start_dim", 0), a.integer("end_dim", -1));
}

// Python's slices of the leading dimensions, written "1:3", "::2", ":".
Tensor apply_slices(Tensor x, const List& slices) {
  for (std::size_t d = 0; d < slices.size(); ++d) {
    const PySlice* s = slices[d].get<PySlice>();
    if (!s) throw Unsupported("slice " + slices[d].describe());
    x = xgrad::slice(x, static_cast<std::int64_t>(d), s->start.value_or(0), s->stop.value_or(xgrad::Slice::kEnd),
                     s->step.value_or(1));
  }
  return x;
}

// A nested list of numbers as a tensor; floats if there is one.
struct Literal {
  Shape shape;
  std::vector<double> values;
  bool floating = false, boolean = true;
};
void collect(const Value& v, int depth, Literal& out) {
  const List* l = v.list();
  if (!l) {
    out.values.push_back(v.real());
    out.floating |= v.get<double>() != nullptr;
    out.boolean &= v.get<bool>() != nullptr;
    return;
  }
  if (depth == out.shape.rank())
    out.shape.push_back(static_cast<std::int64_t>(l->size()));
  else if (out.shape[depth] != static_cast<std::int64_t>(l->size()))
    throw Unsupported("rows of different length");
  for (const Value& e : *l) collect(e, depth + 1, out);
}

Value literal(Args& a) {
  Literal data;
  collect(a["data"], 0, data);
  const bool empty = data.values.empty();
  const DType natural = data.floating || empty ? default_dtype() : data.boolean ? xgrad::kBool : xgrad::kInt64;
  const auto options = new_tensor_options(a, natural);
  return xgrad::from_vector(data.values, data.shape).to(options.dtype).requires_grad_(options.requires_grad);
}

Value full(Args& a) {
  const Scalar v = a["fill_value"].scalar();
  if (a.given("dtype")) return xgrad::full(a.shape("size"), v, new_tensor_options(a));
  const DType natural = v.is_floating() ? default_dtype() : v.is_bool() ? xgrad::kBool : xgrad::kInt64;
  return xgrad::full(a.shape("size"), v, new_tensor_options(a, natural));
}

// arange(end), arange(start, end), arange(start, end, step); by name also end alone.
Value arange(Args& a) {
  const bool both = a.given("start") && a.given("end");
  const Scalar start = both ? a["start"].scalar() : Scalar(0), end = a[a.given("end") ? "end" : "start"].scalar();
  const Scalar step = a.given("step") ? a["step"].scalar() : Scalar(1);
  const bool floating = start.is_floating() || end.is_floating() || step.is_floating();
  return xgrad::arange(start, end, step, new_tensor_options(a, floating ? default_dtype() : xgrad::kInt64));
}

Value eye(Args& a) {
  const std::int64_t n = a.integer("n");
  return xgrad::eye(n, a.integer("m", n), new_tensor_options(a));
}

using Filled = Tensor (*)(const Shape&, xgrad::TensorOptions, xgrad::Location);
Function filled(Filled f) {
  return {"*size|shape dtype? requires_grad?",
          [f](Args& a) { return f(a.shape("size"), new_tensor_options(a), here()); }};
}
Function filled_like(const char* signature, Filled f) {
  return {signature, [f](Args& a) {
            const Tensor x = a.tensor("input");
            return f(x.shape(), new_tensor_options(a, x.dtype()), here());
          }};
}
// new_zeros(x, size): of x's dtype.
Function new_filled(Filled f) {
  return {"input *size dtype? requires_grad?", [f](Args& a) {
            const Tensor x = a.tensor("input");
            return f(a.shape("size"), new_tensor_options(a, x.dtype()), here());
          }};
}

// Ranks below 2 have no last two dimensions to swap.
Value matrix_transpose(Args& a) {
  const Tensor x = a.tensor("input");
  return x.dim() == 0 ? x : xgrad::transpose(x, -2, -1);
}

void add_factories(FunctionTable& t) {
  t["zeros"] = filled(xgrad::zeros);
  t["ones"] = filled(xgrad::ones);
  t["rand"] = filled([](const Shape& s, xgrad::TensorOptions o, xgrad::Location at) { return xgrad::rand(s, o, at); });
  t["randn"] =
      filled([](const Shape& s, xgrad::TensorOptions o, xgrad::Location at) { return xgrad::randn(s, o, at); });
  t["empty"] = filled(xgrad::empty);
  t["zeros_like"] = filled_like("input dtype? requires_grad?", xgrad::zeros);
  t["ones_like"] = filled_like("input dtype? requires_grad?", xgrad::ones);
  t["new_zeros"] = new_filled(xgrad::zeros);
  t["new_ones"] = new_filled(xgrad::ones);
  t["full"] = {"size fill_value dtype? requires_grad?", full};
  t["full_like"] = {"input fill_value dtype? requires_grad?", [](Args& a) {
                      const Tensor x = a.tensor("input");
                      return xgrad::full(x.shape(), a["fill_value"].scalar(), new_tensor_options(a, x.dtype()));
                    }};
  t["new_full"] = {"input size fill_value dtype? requires_grad?", [](Args& a) {
                     const DType d = a.tensor("input").dtype();
                     return xgrad::full(a.shape("size"), a["fill_value"].scalar(), new_tensor_options(a, d));
                   }};
  t["tensor"] = t["as_tensor"] = {"data dtype? requires_grad?", literal};
  t["arange"] = {"start? end? step? dtype? requires_grad?", arange};
  t["linspace"] = {"start end steps dtype? requires_grad?", [](Args& a) {
                     return xgrad::linspace(a.real("start"), a.real("end"), a.integer("steps"), new_tensor_options(a));
                   }};
  t["logspace"] = {"start end steps base? dtype? requires_grad?", [](Args& a) {
                     return xgrad::logspace(a.real("start"), a.real("end"), a.integer("steps"), a.real("base", 10),
                                            new_tensor_options(a));
                   }};
  t["eye"] = {"n m? dtype? requires_grad?", eye};
  t["normal"] = {"mean std size dtype?", [](Args& a) {
                   return xgrad::normal(a.real("mean"), a.real("std"), a.shape("size"), new_tensor_options(a));
                 }};
  t["randint"] = {"low high size dtype?", [](Args& a) {
                    return xgrad::randint(a.integer("low"), a.integer("high"), a.shape("size"),
                                          new_tensor_options(a, xgrad::kInt64));
                  }};
  t["randperm"] = {"n dtype?",
                   [](Args& a) { return xgrad::randperm(a.integer("n"), new_tensor_options(a, xgrad::kInt64)); }};
  t["bernoulli"] = {"input", [](Args& a) { return xgrad::bernoulli(a.tensor("input")); }};
}

}  // namespace

void add_shapes(FunctionTable& t) {
  t["reshape"] = {"input|x *shape", [](Args& a) { return xgrad::reshape(a.tensor("input"), a.shape("shape")); }};
  t["view"] = {"input|x *shape|size", [](Args& a) { return xgrad::view(a.tensor("input"), a.shape("shape")); }};
  t["reshape_as"] = {"input other",
                     [](Args& a) { return xgrad::reshape(a.tensor("input"), a.tensor("other").shape()); }};
  t["view_as"] = {"input other", [](Args& a) { return xgrad::view(a.tensor("input"), a.tensor("other").shape()); }};
  t["expand"] = t["broadcast_to"] = {"input|x *size|shape",
                                     [](Args& a) { return xgrad::expand(a.tensor("input"), a.shape("size")); }};
  t["expand_as"] = {"input other", [](Args& a) { return xgrad::expand(a.tensor("input"), a.tensor("other").shape()); }};
  t["flatten"] = {"input|x start_dim? end_dim?", flatten};
  t["ravel"] = {"input", [](Args& a) { return xgrad::ravel(a.tensor("input")); }};
  t["squeeze"] = {"input|x dim?", squeeze};
  t["unsqueeze"] = {"input|x dim", [](Args& a) { return xgrad::unsqueeze(a.tensor("input"), a.integer("dim")); }};
  t["transpose"] = t["swapaxes"] = t["swapdims"] = {
      "input|x dim0|axis0 dim1|axis1",
      [](Args& a) { return xgrad::transpose(a.tensor("input"), a.integer("dim0"), a.integer("dim1")); }};
  t["t"] = t["T"] = {"input|x", [](Args& a) { return a.tensor("input").t(); }};
  t["mT"] = t["mH"] = t["adjoint"] = {"input|x", matrix_transpose};
  t["permute"] = {"input|x *dims", [](Args& a) { return xgrad::permute(a.tensor("input"), a.shape("dims")); }};
  t["narrow"] = {"input|x dim start length", [](Args& a) {
                   return xgrad::narrow(a.tensor("input"), a.integer("dim"), a.integer("start"), a.integer("length"));
                 }};
  t["select"] = {"input|x dim index",
                 [](Args& a) { return xgrad::select(a.tensor("input"), a.integer("dim"), a.integer("index")); }};
  t["slice"] = {"input|x slices", [](Args& a) {
                  const List* l = a["slices"].list();
                  if (!l) throw Unsupported("slices " + a["slices"].describe());
                  return apply_slices(a.tensor("input"), *l);
                }};
  t["cat"] = t["concat"] = t["concatenate"] = {
      "tensors dim?", [](Args& a) { return xgrad::cat(a["tensors"].tensors(), a.integer("dim", 0)); }};
  t["stack"] = {"tensors dim?", [](Args& a) { return xgrad::stack(a["tensors"].tensors(), a.integer("dim", 0)); }};
  t["split"] = {"input|x split_size_or_sections|size|sizes|split_size dim?", split};
  t["split_with_sizes"] = {"input|x split_size_or_sections|split_sizes dim?", split};
  t["chunk"] = {"input|x chunks dim?",
                [](Args& a) { return xgrad::chunk(a.tensor("input"), a.integer("chunks"), a.integer("dim", 0)); }};
  t["unbind"] = {"input|x dim?", [](Args& a) { return xgrad::unbind(a.tensor("input"), a.integer("dim", 0)); }};
  add_parts(t);
  add_rearranged(t);
  add_diagonals(t);
  add_joined(t);
  add_factories(t);
}

}  // namespace oracle
