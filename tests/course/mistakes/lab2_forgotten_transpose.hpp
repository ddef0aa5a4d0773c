// ∂L/∂A = g B, without the transpose.
// expect: function matmul_backward, gradient of a
inline Gradients matmul_backward(const Array& g, const Array& a, const Array& b) {
  return {matmul(g, b), matmul(transpose(a), g)};
}
