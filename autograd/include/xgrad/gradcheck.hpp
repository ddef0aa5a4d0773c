// Comparing gradients from the tape with finite differences.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <xgrad/by_name.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad {

// PyTorch's defaults.
struct GradcheckOptions {
  ByName by_name = ByName();
  double eps = 1e-6;
  double atol = 1e-5;
  double rtol = 1e-3;
  bool raise_exception = true;  // false: return the verdict only
};
using GradcheckFunction = std::function<std::vector<Tensor>(const std::vector<Tensor>&)>;

// Central differences of every output element by every input element against the Jacobian from backward passes.
// Inputs must be float64 (DTypeError); those that require grad are checked. The message of the AutogradError names
// output, input, element, and both values.
XGRAD_API bool gradcheck(const GradcheckFunction& f, const std::vector<Tensor>& inputs, GradcheckOptions options = {},
                         Location at = Location::current());
XGRAD_API bool gradcheck(const std::function<Tensor(const std::vector<Tensor>&)>& f, const std::vector<Tensor>& inputs,
                         GradcheckOptions options = {}, Location at = Location::current());
// gradcheck of the gradient: second derivatives, with random seeds that are inputs too.
XGRAD_API bool gradgradcheck(const GradcheckFunction& f, const std::vector<Tensor>& inputs,
                             GradcheckOptions options = {}, Location at = Location::current());
XGRAD_API bool gradgradcheck(const std::function<Tensor(const std::vector<Tensor>&)>& f,
                             const std::vector<Tensor>& inputs, GradcheckOptions options = {},
                             Location at = Location::current());

}  // namespace xgrad
