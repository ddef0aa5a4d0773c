// expect: norm_type comes before error_if_nonfinite
#include <xgrad/xgrad.hpp>

void clip(const std::vector<xgrad::Tensor>& p) { xgrad::nn::utils::clip_grad_norm_(p, 1.0, true); }
