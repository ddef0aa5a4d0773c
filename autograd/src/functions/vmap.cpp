#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/ops/join.hpp>
#include <xgrad/ops/slice.hpp>
#include <xgrad/vmap.hpp>

#include "core/tensor_impl.hpp"

namespace xgrad::detail {
namespace {

// Of each of `count`.
std::vector<std::optional<std::int64_t>> dims_of(const BatchDims& given, std::size_t count, const char* which,
                                                 const Location& at) {
  if (given.one_for_all()) return std::vector(count, given.dims()[0]);
  if (given.dims().size() != count)
    ErrorReport("vmap", fmt::format("{} has {} entries for {} tensors", which, given.dims().size(), count), at)
        .value_error();
  return given.dims();
}

// What is cut, and into how many slices.
struct Cuts {
  std::vector<std::optional<int>> dims;
  std::int64_t slices = -1;
};

Cuts cuts_of(const std::vector<Tensor>& arguments, const VmapOptions& options, const Location& at) {
  const auto in_dims = dims_of(options.in_dims, arguments.size(), "in_dims", at);
  Cuts cuts;
  std::size_t first = 0;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    require_defined("vmap", arguments[i], at);
    cuts.dims.emplace_back();
    if (!in_dims[i]) continue;
    if (impl(arguments[i]).shape.rank() == 0)
      ErrorReport("vmap", fmt::format("argument {} is a single number and has no slices", i), at)
          .operand("argument", arguments[i])
          .help("in_dims = {..., std::nullopt, ...} gives it to every call as it is")
          .value_error();
    cuts.dims[i] = wrap_dim("vmap", *in_dims[i], arguments[i], at);
    const std::int64_t size = impl(arguments[i]).shape[*cuts.dims[i]];
    if (cuts.slices < 0) {
      cuts.slices = size;
      first = i;
    } else if (size != cuts.slices) {
      ErrorReport("vmap",
                  fmt::format("the numbers of slices differ: {} of argument {}, {} of argument {}", cuts.slices, first,
                              size, i),
                  at)
          .operand(fmt::format("argument {}", first), arguments[first])
          .operand(fmt::format("argument {}", i), arguments[i])
          .value_error();
    }
  }
  if (cuts.slices < 0) ErrorReport("vmap", "in_dims gives none of the arguments slices", at).value_error();
  if (cuts.slices == 0)
    ErrorReport("vmap", "there are no slices: what the function would give is not known", at)
        .operand("argument", arguments[first])
        .value_error();
  return cuts;
}

void require_alike(const std::vector<Tensor>& first, const std::vector<Tensor>& y, std::int64_t slice,
                   const Location& at) {
  if (y.size() != first.size())
    ErrorReport(
        "vmap",
        fmt::format("the function gives {} tensors for slice 0, {} for slice {}", first.size(), y.size(), slice), at)
        .value_error();
  for (std::size_t k = 0; k < y.size(); ++k) {
    require_defined("vmap", y[k], at);
    const auto report = [&](const std::string& rule) {
      return ErrorReport("vmap", rule, at).operand("slice 0", first[k]).operand(fmt::format("slice {}", slice), y[k]);
    };
    if (impl(y[k]).shape != impl(first[k]).shape)
      report(fmt::format("the function gives shape {} for slice 0, {} for slice {}", to_string(first[k].shape()),
                         to_string(y[k].shape()), slice))
          .shape_error();
    if (impl(y[k]).dtype != impl(first[k]).dtype)
      report(fmt::format("the function gives {} for slice 0, {} for slice {}", name(first[k].dtype()),
                         name(y[k].dtype()), slice))
          .dtype_error();
  }
}

}  // namespace

std::vector<Tensor> map_slices(const ListFunction& f, const std::vector<Tensor>& arguments, const VmapOptions& options,
                               const Location& at) {
  const Cuts cuts = cuts_of(arguments, options, at);
  std::vector<std::vector<Tensor>> results;  // [output][slice]
  std::vector<Tensor> first;
  for (std::int64_t b = 0; b < cuts.slices; ++b) {
    std::vector<Tensor> slices = arguments;
    for (std::size_t i = 0; i < slices.size(); ++i)
      if (cuts.dims[i]) slices[i] = select(arguments[i], *cuts.dims[i], b, at);
    std::vector<Tensor> y = f(slices);
    if (b == 0) {
      first = y;
      results.resize(y.size());
    }
    require_alike(first, y, b, at);
    for (std::size_t k = 0; k < y.size(); ++k) results[k].push_back(std::move(y[k]));
  }
  if (results.empty()) ErrorReport("vmap", "the function returned no tensor", at).value_error();
  const auto out_dims = dims_of(options.out_dims, results.size(), "out_dims", at);
  std::vector<Tensor> stacked;
  for (std::size_t k = 0; k < results.size(); ++k) {
    if (!out_dims[k])
      ErrorReport("vmap", fmt::format("out_dims gives output {} no dimension: its slices must go somewhere", k), at)
          .value_error();
    stacked.push_back(stack(results[k], wrap_dim("vmap", *out_dims[k], impl(first[k]).shape.rank() + 1, at), at));
  }
  return stacked;
}

}  // namespace xgrad::detail
