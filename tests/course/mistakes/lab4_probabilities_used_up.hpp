// The first pass changes the probabilities that are kept for all of them.
// expect: function cross_entropy, gradient of z
inline Var cross_entropy(const Var& z, const std::vector<int>& y) {
  const Array p = softmax(z->value);
  const double m = p.shape[0];
  double loss = 0;
  for (int i = 0; i < p.shape[0]; ++i) loss -= std::log(p(i, y[static_cast<std::size_t>(i)])) / m;
  return make(Array({}, loss), {z}, [z, d = softmax(z->value), y, m](const Array& g) mutable {
    for (int i = 0; i < d.shape[0]; ++i) d(i, y[static_cast<std::size_t>(i)]) -= 1;
    for (double& v : d.data) v *= g.data[0] / m;
    accumulate(z, d);
  });
}
