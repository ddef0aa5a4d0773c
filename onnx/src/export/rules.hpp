// How each operation of the library is written.
#pragma once

#include <span>
#include <string_view>

#include "export/exporter.hpp"

namespace xgrad::onnx {

std::span<const NamedRule> elementwise_rules();
std::span<const NamedRule> layer_rules();
std::span<const NamedRule> pooling_rules();
std::span<const NamedRule> recurrent_rules();
std::span<const NamedRule> reduction_rules();
std::span<const NamedRule> shape_rules();

// Null: ONNX cannot say it, or not yet.
Rule find_rule(std::string_view op);

}  // namespace xgrad::onnx
