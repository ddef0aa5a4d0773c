// sum_to takes the last of the elements that it must add up.
// expect: function sum_to, gradient of a
inline Array sum_to(const Array& g, const Shape& shape) {
  Array result(shape, 0);
  for (std::size_t i = 0; i < g.data.size(); ++i) result.data[origin(i, g.shape, shape)] = g.data[i];
  return result;
}
