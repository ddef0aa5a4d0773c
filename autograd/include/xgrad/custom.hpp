// Operations of your own, in three sizes (docs/custom_ops.md):
//   elementwise("swish", [](auto x) { return x / (1 + exp(-x)); })   one formula; the derivative comes by itself
//   custom_op("name", forward, backward)                             two functions over tensors or xtensor arrays
//   struct MyOp : Function<MyOp> { forward, backward }               with a context, any arguments, several results
#pragma once

#include <xgrad/custom/custom_op.hpp>
#include <xgrad/custom/elementwise_op.hpp>
#include <xgrad/custom/function.hpp>
