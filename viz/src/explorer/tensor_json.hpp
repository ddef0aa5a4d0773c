// Tensors for a page: their numbers, or means of blocks and statistics where there are many.
#pragma once

#include <nlohmann/json.hpp>

#include <xgrad/tensor.hpp>

namespace xgrad::viz {

// Five significant digits; NaN and infinity, which JSON has not, as texts.
nlohmann::json number_json(double v);
nlohmann::json numbers_json(const std::vector<double>& v);
nlohmann::json shape_json(const Shape& s);
// {s: shape, v: numbers} up to `most` numbers, else {s, maps: [{r, c, v}], total, st, h}: means of blocks of at most 16
// maps, statistics and a histogram. null: not defined.
nlohmann::json tensor_json(const Tensor& t, std::size_t most);

}  // namespace xgrad::viz
