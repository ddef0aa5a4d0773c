// Nothing is summed into a single number.
// expect: function sum_to, gradient of a
inline Array sum_to(const Array& g, const Shape& shape) {
  Array result(shape, 0);
  if (shape.empty()) return result;
  for (std::size_t i = 0; i < g.data.size(); ++i) result.data[origin(i, g.shape, shape)] += g.data[i];
  return result;
}
