// How each operation of the library is written.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

#include "export/exporter.hpp"

namespace xgrad::onnx {

std::span<const NamedRule> elementwise_rules();
std::span<const NamedRule> layer_rules();
std::span<const NamedRule> loss_rules();
std::span<const NamedRule> number_rules();
std::span<const NamedRule> order_rules();
std::span<const NamedRule> place_rules();
std::span<const NamedRule> pooling_rules();
std::span<const NamedRule> recurrent_rules();
std::span<const NamedRule> reduction_rules();
std::span<const NamedRule> shape_rules();

// Functions that several rules are made of, of floating values of the type of the result.
std::string log1p_of(Op& op, const std::string& x);
std::string erfc_of(Op& op, const std::string& x);
// x where the condition holds, else y, of any type.
std::string where_node(Op& op, const std::string& condition, const std::string& x, const std::string& y);

// As an end of Slice: up to the last.
inline constexpr std::int64_t kEnd = std::numeric_limits<std::int64_t>::max();

// Null: ONNX cannot say it, or not yet.
Rule find_rule(std::string_view op);

}  // namespace xgrad::onnx
