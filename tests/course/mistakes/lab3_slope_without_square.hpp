// 1 - tanh where 1 - tanh² belongs.
// expect: function tanh, gradient of z
inline Var tanh(const Var& a) {
  Array z = a->value;
  for (double& v : z.data) v = std::tanh(v);
  return make(z, {a}, [a, z](const Array& g) {
    Array d = g;
    for (std::size_t i = 0; i < d.data.size(); ++i) d.data[i] *= 1 - z.data[i];
    accumulate(a, d);
  });
}
