// Picking and placing elements, and what Tensor has as members: casts, copies, in-place operations, the tape.
#include <xgrad/autograd.hpp>

#include "functions.hpp"

namespace oracle {

namespace {

Value masked_fill(Args& a) {
  const Value& v = a["value"];
  if (v.is_tensor()) return xgrad::masked_fill(a.tensor("input"), a.tensor("mask"), v.tensor());
  return xgrad::masked_fill(a.tensor("input"), a.tensor("mask"), v.scalar());
}

Value index_add(Args& a) {
  Tensor source = a.tensor("source");
  if (a.given("alpha")) source = xgrad::mul(source, a["alpha"].scalar());
  return xgrad::index_add(a.tensor("input"), a.integer("dim"), a.tensor("index"), source);
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
