// The network computes with copies of its weights, which get the gradient in their place.
// expect: function Mlp and Linear, gradient of fc2.weight
struct Mlp {
  Linear fc1, fc2;

  Mlp(int inputs, int hidden, int outputs, std::mt19937& random)
      : fc1(inputs, hidden, random), fc2(hidden, outputs, random) {}

  Var operator()(const Var& X) const {
    const Var a = tanh(linear(X, leaf(fc1.weight->value), fc1.bias));
    return linear(a, leaf(fc2.weight->value), fc2.bias);
  }

  std::vector<Var> parameters() const { return {fc1.weight, fc1.bias, fc2.weight, fc2.bias}; }
};
