// Views, joining and splitting, making tensors.
#include "functions.hpp"

namespace oracle {

namespace {

Value squeeze(Args& a) {
  const Tensor x = a.tensor("input");
  return a.given("dim") ? xgrad::squeeze(x, a.integer("dim")) : xgrad::squeeze(x);
}

Value split(Args& a) {
  const Tensor x = a.tensor("input");
  const Value& size = a["split_size_or_sections"];
  const std::int64_t dim = a.integer("dim", 0);
  return size.list() ? xgrad::split(x, size.shape().vec(), dim) : xgrad::split(x, size.integer(), dim);
}

// Tensor.flatten, with PyTorch's ravel as flatten of everything.
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
  t["rand"] = filled(xgrad::rand);
  t["randn"] = filled(xgrad::randn);
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
  t["ravel"] = {"input", [](Args& a) { return xgrad::flatten(a.tensor("input")); }};
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
  add_factories(t);
}

}  // namespace oracle
