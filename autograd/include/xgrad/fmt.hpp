// fmt::format("{}", x) and fmt::print of tensors, shapes and types, as std::cout prints them. Not part of
// <xgrad/xgrad.hpp>: a program that includes it links fmt.
#pragma once

#include <concepts>

#include <fmt/ostream.h>

#include <xgrad/graph_node.hpp>
#include <xgrad/tensor.hpp>

template <std::derived_from<xgrad::Tensor> T>
struct fmt::formatter<T, char> : fmt::ostream_formatter {};
template <>
struct fmt::formatter<xgrad::Shape, char> : fmt::ostream_formatter {};
template <>
struct fmt::formatter<xgrad::Scalar, char> : fmt::ostream_formatter {};
template <>
struct fmt::formatter<xgrad::DType, char> : fmt::ostream_formatter {};
template <>
struct fmt::formatter<xgrad::GraphNode, char> : fmt::ostream_formatter {};
template <>
struct fmt::formatter<xgrad::Location, char> : fmt::ostream_formatter {};
