#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/nn/activation.hpp>
#include <xgrad/ops/factory.hpp>

namespace xgrad::nn {

PReLU::PReLU(PReLUOptions options, Location at) : Layer(fmt::format("PReLU({})", options.num_parameters)) {
  if (options.num_parameters < 1)
    ErrorReport("PReLU", fmt::format("num_parameters must be positive, got {}", options.num_parameters), at)
        .value_error();
  weight = register_parameter("weight", full({options.num_parameters}, options.init));
}

Hardtanh::Hardtanh(HardtanhOptions options, Location at) : Layer("Hardtanh"), options_(options) {
  if (!(options.min_val < options.max_val))
    ErrorReport("Hardtanh", fmt::format("needs min_val < max_val, got {} and {}", options.min_val, options.max_val), at)
        .value_error();
}

Dropout2d::Dropout2d(DropoutOptions options, Location at)
    : Layer(fmt::format("Dropout2d({})", options.p)), p_(options.p) {
  if (!(p_ >= 0 && p_ <= 1)) ErrorReport("Dropout2d", fmt::format("p must be in [0, 1], got {}", p_), at).value_error();
}

}  // namespace xgrad::nn
