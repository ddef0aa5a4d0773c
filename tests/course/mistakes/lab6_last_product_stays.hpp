// Each product overwrites what arrived at its number before.
// expect: function conv_grad_x, gradient of x
inline Array conv_grad_x(const Array& g, const Array& x, const Array& w, int stride, int padding) {
  Array d(x.shape, 0);
  for_each_product(g.shape, x.shape, w.shape, stride, padding,
                   [&](int n, int o, int c, int i, int j, int u, int v, int row, int column) {
                     at(d, n, c, row, column) = at(g, n, o, i, j) * at(w, o, c, u, v);
                   });
  return d;
}
