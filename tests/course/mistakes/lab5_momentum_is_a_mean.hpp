// v ← μ v + (1 - μ) d, as the moments of Adam.
// expect: function Sgd::step, value of v[1]
struct Sgd {
  std::vector<Var> parameters;
  double lr = 0.1;          // η
  double momentum = 0;      // μ
  double weight_decay = 0;  // λ
  std::vector<Array> v = {};

  void step() {
    if (v.empty())
      for (const Var& p : parameters) v.push_back(Array(p->value.shape, 0));
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      Node& p = *parameters[i];
      v[i] = add(scaled(momentum, v[i]), scaled(1 - momentum, add_decay(p.grad, p.value, weight_decay)));
      p.value = add(p.value, scaled(-lr, v[i]));
    }
  }
};
