// Columns add up to 1, not rows.
// expect: function softmax, value of p
inline Array softmax(const Array& z) {
  Array p = z;
  for (int j = 0; j < z.shape[1]; ++j) {
    double largest = z(0, j), total = 0;
    for (int i = 1; i < z.shape[0]; ++i) largest = std::max(largest, z(i, j));
    for (int i = 0; i < z.shape[0]; ++i) total += p(i, j) = std::exp(z(i, j) - largest);
    for (int i = 0; i < z.shape[0]; ++i) p(i, j) /= total;
  }
  return p;
}
