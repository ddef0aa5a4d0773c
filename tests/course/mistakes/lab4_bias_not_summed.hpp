// The bias gets the gradient of the first example only.
// expect: function linear, gradient of b
inline Var linear(const Var& X, const Var& W, const Var& b) {
  const Var product = matmul(X, transpose(W));
  return make(add(product->value, b->value), {product, b}, [product, b](const Array& g) {
    Array first = b->value;
    for (std::size_t i = 0; i < first.data.size(); ++i) first.data[i] = g.data[i];
    accumulate(product, g);
    accumulate(b, first);
  });
}
