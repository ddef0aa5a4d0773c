// A product sends what a sum would send.
// expect: function mul, gradient of b
inline Var mul(const Var& a, const Var& b) {
  return make(mul(a->value, b->value), {a, b}, [a, b](const Array& g) {
    const Gradients d = add_backward(g, a->value, b->value);
    accumulate(a, d.a);
    accumulate(b, d.b);
  });
}
