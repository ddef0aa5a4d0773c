// All parameters share the velocity of the last one before them.
// expect: function Sgd::step, value of v[1]
struct Sgd {
  std::vector<Var> parameters;
  double lr = 0.1;
  double momentum = 0;
  double weight_decay = 0;
  std::vector<Array> v = {};

  void step() {
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      Node& p = *parameters[i];
      const Array d = add_decay(p.grad, p.value, weight_decay);
      if (v.empty())
        v.push_back(d);
      else
        v[0] = v[0].shape == d.shape ? add(scaled(momentum, v[0]), d) : d;
      p.value = add(p.value, scaled(-lr, v[0]));
    }
  }
};
