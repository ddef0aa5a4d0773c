// The first step leaves out weight decay, which shows in what the third step begins with.
// expect: function Sgd::step, value of θ[2]
struct Sgd {
  std::vector<Var> parameters;
  double lr = 0.1;          // η
  double momentum = 0;      // μ
  double weight_decay = 0;  // λ
  std::vector<Array> v = {};

  void step() {
    const bool first = v.empty();
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      Node& p = *parameters[i];
      const Array d = add_decay(p.grad, p.value, first ? 0 : weight_decay);
      if (first)
        v.push_back(d);
      else
        v[i] = add(scaled(momentum, v[i]), d);
      p.value = add(p.value, scaled(-lr, v[i]));
    }
  }
};
