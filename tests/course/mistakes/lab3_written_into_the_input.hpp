// In place: the result is written over the input.
// expect: function tanh, value of z
inline Var tanh(const Var& a) {
  for (double& v : a->value.data) v = std::tanh(v);
  const Array z = a->value;
  return make(z, {a}, [a, z](const Array& g) {
    Array d = g;
    for (std::size_t i = 0; i < d.data.size(); ++i) d.data[i] *= 1 - z.data[i] * z.data[i];
    accumulate(a, d);
  });
}
