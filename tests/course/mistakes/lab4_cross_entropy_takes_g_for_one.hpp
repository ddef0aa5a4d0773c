// What arrives at the loss is not a factor of what it sends.
// expect: function cross_entropy, gradient of z
inline Var cross_entropy(const Var& z, const std::vector<int>& y) {
  const Array p = softmax(z->value);
  const double m = p.shape[0];
  double loss = 0;
  for (int i = 0; i < p.shape[0]; ++i) loss -= std::log(p(i, y[static_cast<std::size_t>(i)])) / m;
  return make(Array({}, loss), {z}, [z, p, y, m](const Array&) {
    Array d = p;
    for (int i = 0; i < p.shape[0]; ++i) d(i, y[static_cast<std::size_t>(i)]) -= 1;
    for (double& v : d.data) v /= m;
    accumulate(z, d);
  });
}
