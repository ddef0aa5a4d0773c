// Picking and placing elements, and what Tensor has as members: casts, copies, in-place operations, the tape.
#include <optional>

#include <xgrad/autograd.hpp>

#include "functions.hpp"

namespace oracle {

std::vector<xgrad::Index> indices_from(const List& keys) {
  std::vector<xgrad::Index> out;
  for (const Value& k : keys) {
    if (const std::int64_t* i = k.get<std::int64_t>())
      out.push_back(*i);
    else if (const PySlice* s = k.get<PySlice>())
      out.push_back(xgrad::Slice{s->start.value_or(0), s->stop.value_or(xgrad::Slice::kEnd), s->step.value_or(1)});
    else if (k.is_none())
      out.push_back(xgrad::None);
    else if (k.get<Ellipsis>())
      out.push_back(xgrad::Ellipsis);
    else if (k.is_tensor())
      out.push_back(k.tensor());
    else if (k.list())
      out.push_back(xgrad::from_vector(k.shape().vec()));
    else
      throw Unsupported("index " + k.describe());
  }
  return out;
}

namespace {

// A single key, or a list of them.
List keys_from(const Value& v) { return v.list() ? *v.list() : List{v}; }

Value index_put(Args& a) {
  const Value& v = a["values"];
  const auto indices = indices_from(keys_from(a["indices"]));
  const bool accumulate = a.flag("accumulate");
  return v.is_number() ? xgrad::index_put(a.tensor("input"), indices, v.scalar(), accumulate)
                       : xgrad::index_put(a.tensor("input"), indices, v.tensor(), accumulate);
}

// With a number or a tensor, and PyTorch's older reduce="add" and "multiply".
Value scatter(Args& a) {
  const Tensor x = a.tensor("input"), index = a.tensor("index");
  const std::int64_t dim = a.integer("dim");
  const Value& src = a["src"];
  if (!a.given("reduce"))
    return src.is_number() ? xgrad::scatter(x, dim, index, src.scalar()) : xgrad::scatter(x, dim, index, src.tensor());
  const std::string reduce = a.text("reduce", "") == "add" ? "sum" : "prod";
  const Tensor from = src.is_number() ? xgrad::full(index.shape(), src.scalar(), {x.dtype()}) : src.tensor();
  return xgrad::scatter_reduce(x, dim, index, from, reduce);
}

Value index_fill(Args& a) {
  const Value& v = a["value"];
  const std::int64_t dim = a.integer("dim");
  return v.is_number() ? xgrad::index_fill(a.tensor("input"), dim, a.tensor("index"), v.scalar())
                       : xgrad::index_fill(a.tensor("input"), dim, a.tensor("index"), v.tensor());
}

Value nonzero(Args& a) {
  const Tensor found = xgrad::nonzero(a.tensor("input"));
  if (a.flag("as_tuple")) return xgrad::unbind(found, 1);
  return found;
}

Value take_along_dim(Args& a) {
  std::optional<std::int64_t> dim;
  if (a.given("dim")) dim = a.integer("dim");
  return xgrad::take_along_dim(a.tensor("input"), a.tensor("indices"), dim);
}

void add_places(FunctionTable& t) {
  t["index"] = t["__getitem__"] = {"input|x *indices", [](Args& a) {
                                     List keys = keys_from(a["indices"]);
                                     if (keys.size() == 1 && keys[0].list()) keys = *keys[0].list();
                                     return xgrad::index(a.tensor("input"), indices_from(keys));
                                   }};
  t["index_put"] = {"input|x indices|i values|v accumulate?", index_put};
  t["scatter"] = {"input|x dim index|i src|value reduce?", scatter};
  t["scatter_reduce"] = {"input|x dim index|i src reduce include_self?", [](Args& a) {
                           return xgrad::scatter_reduce(a.tensor("input"), a.integer("dim"), a.tensor("index"),
                                                        a.tensor("src"), a.text("reduce", ""),
                                                        a.flag("include_self", true));
                         }};
  t["index_reduce"] = {"input|x dim index|i source|src reduce include_self?", [](Args& a) {
                         return xgrad::index_reduce(a.tensor("input"), a.integer("dim"), a.tensor("index"),
                                                    a.tensor("source"), a.text("reduce", ""),
                                                    a.flag("include_self", true));
                       }};
  t["index_copy"] = {"input|x dim index|i source|src", [](Args& a) {
                       return xgrad::index_copy(a.tensor("input"), a.integer("dim"), a.tensor("index"),
                                                a.tensor("source"));
                     }};
  t["index_fill"] = {"input|x dim index|i value", index_fill};
  t["take"] = {"input|x index|i", [](Args& a) { return xgrad::take(a.tensor("input"), a.tensor("index")); }};
  t["take_along_dim"] = {"input|x indices|i dim?", take_along_dim};
  t["put"] = {"input|x index|i source|src accumulate?", [](Args& a) {
                return xgrad::put(a.tensor("input"), a.tensor("index"), a.tensor("source"), a.flag("accumulate"));
              }};
  t["masked_scatter"] = {"input|x mask|m source|src", [](Args& a) {
                           return xgrad::masked_scatter(a.tensor("input"), a.tensor("mask"), a.tensor("source"));
                         }};
  t["nonzero"] = {"input|x as_tuple?", nonzero};
  t["argwhere"] = {"input|x", [](Args& a) { return xgrad::argwhere(a.tensor("input")); }};
}

Value masked_fill(Args& a) {
  const Value& v = a["value"];
  if (v.is_tensor()) return xgrad::masked_fill(a.tensor("input"), a.tensor("mask"), v.tensor());
  return xgrad::masked_fill(a.tensor("input"), a.tensor("mask"), v.scalar());
}

Value index_add(Args& a) {
  return xgrad::index_add(a.tensor("input"), a.integer("dim"), a.tensor("index"), a.tensor("source"),
                          a.given("alpha") ? a["alpha"].scalar() : Scalar(1));
}

Function cast(DType d) {
  return {"input|x", [d](Args& a) { return a.tensor("input").to(d); }};
}

Value to(Args& a) { return a.tensor("input").to(a.dtype("dtype", xgrad::kFloat32)); }

Value backward(Args& a) {
  a.tensor("input").backward(a.optional_tensor("gradient"),
                             {.retain_graph = a.flag("retain_graph"), .create_graph = a.flag("create_graph")});
  return None{};
}

Value grad(Args& a) {
  const bool create = a.flag("create_graph"), retain = a.flag("retain_graph", create), unused = a.flag("allow_unused");
  std::vector<Tensor> seeds;
  if (a.given("grad_outputs")) seeds = a["grad_outputs"].tensors();
  const auto g = xgrad::grad(a["outputs"].tensors(), a["inputs"].tensors(), seeds,
                             {.retain_graph = retain, .create_graph = create, .allow_unused = unused});
  return a["inputs"].is_tensor() ? Value(g.at(0)) : Value(g);
}

Value register_hook(Args& a) {
  const auto* f = a["hook"].get<std::shared_ptr<Callable>>();
  if (!f) throw Unsupported("hook " + a["hook"].describe());
  const Callable hook = **f;
  a.tensor("input").register_hook([hook](const Tensor& g) {
    const Value r = hook({g}, {});
    return r.is_none() ? Tensor() : r.tensor();
  });
  return None{};
}

// Runs f(tensor) in place and returns the same tensor.
template <class F>
Function in_place(const char* signature, F f) {
  return {signature, [f](Args& a) -> Value {
            Tensor x = a.tensor("input");
            f(x, a);
            return x;
          }};
}

void add_in_place(FunctionTable& t) {
  t["add_"] = in_place("input other alpha?", [](Tensor& x, Args& a) {
    const Scalar alpha = a.given("alpha") ? a["alpha"].scalar() : Scalar(1);
    a["other"].is_number() ? x.add_(a["other"].scalar()) : x.add_(a.tensor("other"), alpha);
  });
  t["sub_"] = in_place("input other alpha?", [](Tensor& x, Args& a) {
    const Scalar alpha = a.given("alpha") ? a["alpha"].scalar() : Scalar(1);
    x.sub_(a.tensor("other"), alpha);
  });
  t["mul_"] = in_place("input other", [](Tensor& x, Args& a) {
    a["other"].is_number() ? x.mul_(a["other"].scalar()) : x.mul_(a.tensor("other"));
  });
  t["div_"] = in_place("input other", [](Tensor& x, Args& a) {
    a["other"].is_number() ? x.div_(a["other"].scalar()) : x.div_(a.tensor("other"));
  });
  t["copy_"] = in_place("input src", [](Tensor& x, Args& a) { x.copy_(a.tensor("src")); });
  t["fill_"] = in_place("input value", [](Tensor& x, Args& a) { x.fill_(a["value"].scalar()); });
  t["zero_"] = in_place("input", [](Tensor& x, Args&) { x.zero_(); });
  t["clamp_"] = in_place("input min max", [](Tensor& x, Args& a) { x.clamp_(a["min"].scalar(), a["max"].scalar()); });
  t["requires_grad_"] =
      in_place("input requires_grad?", [](Tensor& x, Args& a) { x.requires_grad_(a.flag("requires_grad", true)); });
  t["retain_grad"] = in_place("input", [](Tensor& x, Args&) { x.retain_grad(); });
}

}  // namespace

void add_indexing(FunctionTable& t) {
  add_places(t);
  t["index_select"] = {"input|x dim index|i", [](Args& a) {
                         return xgrad::index_select(a.tensor("input"), a.integer("dim"), a.tensor("index"));
                       }};
  t["gather"] = {"input|x dim index|i",
                 [](Args& a) { return xgrad::gather(a.tensor("input"), a.integer("dim"), a.tensor("index")); }};
  t["scatter_add"] = {"input|x dim index|i src", [](Args& a) {
                        return xgrad::scatter_add(a.tensor("input"), a.integer("dim"), a.tensor("index"),
                                                  a.tensor("src"));
                      }};
  t["index_add"] = {"input|x dim index|i source|src alpha?", index_add};
  t["masked_select"] = {"input|x mask|m",
                        [](Args& a) { return xgrad::masked_select(a.tensor("input"), a.tensor("mask")); }};
  t["masked_fill"] = {"input|x mask|m value", masked_fill};
  t["one_hot"] = t["nn.functional.one_hot"] = {
      "input|x num_classes?", [](Args& a) { return xgrad::one_hot(a.tensor("input"), a.integer("num_classes", -1)); }};
}

void add_tensor_methods(FunctionTable& t) {
  t["to"] = t["type"] = {"input dtype", to};
  t["float"] = cast(xgrad::kFloat32);
  t["double"] = cast(xgrad::kFloat64);
  t["long"] = cast(xgrad::kInt64);
  t["int"] = cast(xgrad::kInt32);
  t["byte"] = cast(xgrad::kUInt8);
  t["bool"] = cast(xgrad::kBool);
  t["clone"] = {"input|x", [](Args& a) { return a.tensor("input").clone(); }};
  t["contiguous"] = {"input|x", [](Args& a) { return a.tensor("input").contiguous(); }};
  t["detach"] = {"input|x", [](Args& a) { return a.tensor("input").detach(); }};
  t["item"] = {"input", [](Args& a) -> Value {
                 const Scalar s = a.tensor("input").item_scalar();
                 return s.is_floating() ? Value(s.to_double()) : Value(s.to_int64());
               }};
  // Raw memory, as NumPy would see it.
  t["numpy"] = {"input", [](Args& a) -> Value {
                  Tensor x = a.tensor("input");
                  if (x.dtype() == xgrad::kFloat64)
                    x.mutable_data<double>();
                  else
                    x.mutable_data<float>();
                  return x;
                }};
  t["backward"] = {"input gradient? retain_graph? create_graph?", backward};
  t["grad"] = t["autograd.grad"] = {"outputs inputs grad_outputs? retain_graph? create_graph? allow_unused?", grad};
  t["register_hook"] = t["hook"] = {"input hook", register_hook};
  add_in_place(t);
}

}  // namespace oracle
