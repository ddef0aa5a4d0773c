// The gradient has the shape of the product, not that of the factor.
// expect: function mul_backward, gradient of b
inline Gradients mul_backward(const Array& g, const Array& a, const Array& b) { return {mul(g, b), mul(g, a)}; }
