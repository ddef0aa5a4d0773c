// The bias is added with every product, and not once for each place.
// expect: function conv_forward, value of y
inline Array conv_forward(const Array& x, const Array& w, const Array& b, int stride, int padding) {
  Array y({x.shape[0], w.shape[0], places(x.shape[2], w.shape[2], stride, padding),
           places(x.shape[3], w.shape[3], stride, padding)},
          0);
  for_each_product(y.shape, x.shape, w.shape, stride, padding,
                   [&](int n, int o, int c, int i, int j, int u, int v, int row, int column) {
                     at(y, n, o, i, j) +=
                         at(w, o, c, u, v) * at(x, n, c, row, column) + b.data[static_cast<std::size_t>(o)];
                   });
  return y;
}
