// fmt::format("{}", x) and fmt::print of tensors, shapes and types, as std::cout prints them. Not part of
// <xgrad/xgrad.hpp>: a program that includes it links fmt.
#pragma once

#include <concepts>

#include <fmt/ostream.h>

#include <xgrad/graph_node.hpp>
#include <xgrad/tensor.hpp>

namespace fmt {

template <std::derived_from<xgrad::Tensor> T>
struct formatter<T, char> : ostream_formatter {};
template <>
struct formatter<xgrad::Shape, char> : ostream_formatter {};
template <>
struct formatter<xgrad::Scalar, char> : ostream_formatter {};
template <>
struct formatter<xgrad::DType, char> : ostream_formatter {};
template <>
struct formatter<xgrad::GraphNode, char> : ostream_formatter {};
template <>
struct formatter<xgrad::Location, char> : ostream_formatter {};

}  // namespace fmt
