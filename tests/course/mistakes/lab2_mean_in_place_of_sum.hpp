// What comes from one element is averaged.
// expect: function sum_to, gradient of a
inline Array sum_to(const Array& g, const Shape& shape) {
  Array result(shape, 0);
  const double share = static_cast<double>(result.data.size()) / static_cast<double>(g.data.size());
  for (std::size_t i = 0; i < g.data.size(); ++i) result.data[origin(i, g.shape, shape)] += share * g.data[i];
  return result;
}
