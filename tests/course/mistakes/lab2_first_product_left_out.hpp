// The innermost loop begins at 1.
// expect: function matmul, value of c
inline Array matmul(const Array& a, const Array& b) {
  if (a.shape.size() != 2 || b.shape.size() != 2 || a.shape[1] != b.shape[0])
    throw std::invalid_argument("matmul: shapes do not fit");
  Array c({a.shape[0], b.shape[1]}, 0);
  for (int i = 0; i < a.shape[0]; ++i)
    for (int j = 0; j < b.shape[1]; ++j)
      for (int k = 1; k < a.shape[1]; ++k) c(i, j) += a(i, k) * b(k, j);
  return c;
}
