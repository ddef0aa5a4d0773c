// What is kept for the way back is multiplied by the gradient of each pass, and keeps that.
// expect: function mse_loss, gradient of a
inline Var mse_loss(const Var& a, const Array& y) {
  const double n = static_cast<double>(a->value.data.size());
  double sum = 0;
  Array slope = a->value;
  for (std::size_t i = 0; i < y.data.size(); ++i) {
    const double d = a->value.data[i] - y.data[i];
    sum += d * d;
    slope.data[i] = 2 * d / n;
  }
  return make(Array({}, sum / n), {a}, [a, slope](const Array& g) mutable {
    slope = mul(g, slope);
    accumulate(a, slope);
  });
}
