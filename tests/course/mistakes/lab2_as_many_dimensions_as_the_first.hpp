// The result has the dimensions of the first shape, though the second may have more.
// expect: function broadcast_shape, value of c
inline Shape broadcast_shape(const Shape& a, const Shape& b) {
  Shape shape = a;
  for (std::size_t k = 1; k <= std::min(a.size(), b.size()); ++k) {
    const int m = a[a.size() - k], n = b[b.size() - k];
    if (m != n && m != 1 && n != 1) throw std::invalid_argument("shapes do not fit");
    shape[shape.size() - k] = std::max(m, n);
  }
  return shape;
}
