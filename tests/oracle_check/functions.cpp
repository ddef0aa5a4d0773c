#include "functions.hpp"

namespace oracle {

namespace {

FunctionTable build() {
  FunctionTable table;
  add_elementwise(table);
  add_reductions(table);
  add_order(table);
  add_shapes(table);
  add_indexing(table);
  add_tensor_methods(table);
  add_neural(table);
  add_convolutions(table);
  add_norm_functions(table);
  add_linear_algebra(table);
  add_modules(table);
  return table;
}

}  // namespace

const Function* find_function(const std::string& name) {
  static const FunctionTable table = build();
  auto found = table.find(name);
  if (found == table.end()) found = table.find("nn.functional." + name);
  return found == table.end() ? nullptr : &found->second;
}

Value call_function(const std::string& name, List positional, Dict named) {
  const Function* f = find_function(name);
  if (!f) throw Unsupported("no function " + name);
  try {
    Args args(f->signature, std::move(positional), std::move(named));
    Value result = f->call(args);
    args.require_all_used();
    return result;
  } catch (const Unsupported& e) {
    throw Unsupported(name + ": " + e.what());
  }
}

xgrad::TensorOptions new_tensor_options(Args& a, DType fallback) {
  return {.dtype = a.dtype("dtype", fallback), .requires_grad = a.flag("requires_grad")};
}
xgrad::TensorOptions new_tensor_options(Args& a) { return new_tensor_options(a, default_dtype()); }

}  // namespace oracle
