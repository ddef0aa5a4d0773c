// Sizes are compared from the left.
// expect: function broadcast_shape, value of c
inline Shape broadcast_shape(const Shape& a, const Shape& b) {
  Shape shape(std::max(a.size(), b.size()), 1);
  for (std::size_t k = 0; k < shape.size(); ++k) {
    const int m = k < a.size() ? a[k] : 1, n = k < b.size() ? b[k] : 1;
    if (m != n && m != 1 && n != 1) throw std::invalid_argument("shapes do not fit");
    shape[k] = m == 1 ? n : m;
  }
  return shape;
}
