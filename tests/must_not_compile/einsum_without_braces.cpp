// expect: operands in braces: einsum("ij,jk->ik", {x, y})
#include <xgrad/ops.hpp>

xgrad::Tensor f(const xgrad::Tensor& x) { return xgrad::einsum("ij,jk->ik", x, x); }
