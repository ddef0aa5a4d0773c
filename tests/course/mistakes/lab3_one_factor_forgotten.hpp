// Nothing is sent to the second factor.
// expect: function matmul, gradient of B
inline Var matmul(const Var& a, const Var& b) {
  return make(matmul(a->value, b->value), {a, b}, [a, b](const Array& g) {
    const Gradients d = matmul_backward(g, a->value, b->value);
    accumulate(a, d.a);
  });
}
