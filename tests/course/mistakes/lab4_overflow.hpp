// NaN: exp(1000) is infinite.
// expect: function softmax, value of p
inline Array softmax(const Array& z) {
  Array p = z;
  for (int i = 0; i < z.shape[0]; ++i) {
    double total = 0;
    for (int j = 0; j < z.shape[1]; ++j) total += p(i, j) = std::exp(z(i, j));
    for (int j = 0; j < z.shape[1]; ++j) p(i, j) /= total;
  }
  return p;
}
