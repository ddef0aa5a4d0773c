// Each factor gets its own number where it must get that of the other.
// expect: function mul_backward, gradient of b
inline Gradients mul_backward(const Array& g, const Array& a, const Array& b) {
  return {sum_to(mul(g, a), a.shape), sum_to(mul(g, b), b.shape)};
}
