// The bias gets the gradient of the last picture of the batch only.
// expect: function conv_grad_b, gradient of b
inline Array conv_grad_b(const Array& g) {
  Array d({g.shape[1]}, 0);
  const int n = g.shape[0] - 1;
  for (int o = 0; o < g.shape[1]; ++o)
    for (int i = 0; i < g.shape[2]; ++i)
      for (int j = 0; j < g.shape[3]; ++j) d.data[static_cast<std::size_t>(o)] += at(g, n, o, i, j);
  return d;
}
