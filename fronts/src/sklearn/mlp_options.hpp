// The parameters of multi-layer perceptrons by name, and what they may be.
#pragma once

#include <xgrad/sklearn/mlp.hpp>

namespace xgrad::sklearn {

Params params_of(const MLPOptions& options);
// The options with these parameters changed. ValueError.
MLPOptions changed(const std::string& op, MLPOptions options, const Params& params, const Location& at);
void require_in_range(const std::string& op, const MLPOptions& options, const Location& at);

}  // namespace xgrad::sklearn
