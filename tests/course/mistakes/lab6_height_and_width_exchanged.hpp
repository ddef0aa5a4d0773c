// Rows are checked against the width, columns against the height.
// expect: function for_each_product, value of y
void for_each_product(const Shape& y, const Shape& x, const Shape& w, int stride, int padding, F f) {
  for (int n = 0; n < y[0]; ++n)
    for (int o = 0; o < y[1]; ++o)
      for (int i = 0; i < y[2]; ++i)
        for (int j = 0; j < y[3]; ++j)
          for (int c = 0; c < x[1]; ++c)
            for (int u = 0; u < w[2]; ++u)
              for (int v = 0; v < w[3]; ++v) {
                const int row = i * stride + u - padding, column = j * stride + v - padding;
                if (row >= 0 && row < x[3] && column >= 0 && column < x[2]) f(n, o, c, i, j, u, v, row, column);
              }
}
