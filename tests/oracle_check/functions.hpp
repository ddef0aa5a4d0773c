// The table name -> call: every operation of the library under PyTorch's name, with PyTorch's parameters.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "value.hpp"

namespace oracle {

struct Function {
  const char* signature;  // see Args
  std::function<Value(Args&)> call;
};
using FunctionTable = std::map<std::string, Function, std::less<>>;

void add_elementwise(FunctionTable& table);
void add_reductions(FunctionTable& table);
void add_order(FunctionTable& table);  // running totals, sorting, histograms
void add_shapes(FunctionTable& table);
void add_indexing(FunctionTable& table);
void add_tensor_methods(FunctionTable& table);
void add_neural(FunctionTable& table);        // activations, losses, functional forms
void add_convolutions(FunctionTable& table);  // and pooling
void add_norm_functions(FunctionTable& table);
void add_linear_algebra(FunctionTable& table);
void add_modules(FunctionTable& table);  // modules and datasets as objects
void add_optimizers(FunctionTable& table);

// x[keys], and the keys as the library takes them.
std::vector<xgrad::Index> indices_from(const List& keys);

// All of them together. A name is looked up as it is, then under nn.functional.
const Function* find_function(const std::string& name);
// Unsupported when there is no such function or it does not take these arguments.
Value call_function(const std::string& name, List positional, Dict named);

// ---- for the tables ----
xgrad::Reduction reduction(Args& a);
xgrad::InterpolateOptions interpolate_options(Args& a);
xgrad::EmbeddingBagOptions embedding_bag_options(Args& a);  // without its tensors
inline xgrad::Location here() { return xgrad::Location::current(); }
xgrad::TensorOptions new_tensor_options(Args& a, DType fallback);
xgrad::TensorOptions new_tensor_options(Args& a);

}  // namespace oracle
