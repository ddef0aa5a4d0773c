// What arrives is not a factor of what is sent.
// expect: function mse_loss, gradient of a
inline Var mse_loss(const Var& a, const Array& y) {
  const double n = static_cast<double>(a->value.data.size());
  double sum = 0;
  for (std::size_t i = 0; i < y.data.size(); ++i) sum += std::pow(a->value.data[i] - y.data[i], 2);
  return make(Array({}, sum / n), {a}, [a, y, n](const Array&) {
    Array d = a->value;
    for (std::size_t i = 0; i < d.data.size(); ++i) d.data[i] = 2 * (a->value.data[i] - y.data[i]) / n;
    accumulate(a, d);
  });
}
