// Of the gradient only what is positive goes on, as if relu belonged on the way back, too.
// expect: function relu, gradient of z
inline Var relu(const Var& x) {
  Array z = x->value;
  for (double& v : z.data) v = v > 0 ? v : 0;
  return make(z, {x}, [x](const Array& g) {
    Array d = g;
    for (std::size_t i = 0; i < d.data.size(); ++i)
      if (x->value.data[i] <= 0 || g.data[i] < 0) d.data[i] = 0;
    accumulate(x, d);
  });
}
