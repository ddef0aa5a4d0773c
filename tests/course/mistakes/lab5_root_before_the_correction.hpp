// The root is corrected, where its square must be.
// expect: function AdamW::step, value of θ[1]
struct AdamW {
  std::vector<Var> parameters;
  double lr = 0.001;                              // η
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;  // β₁, β₂, ε
  double weight_decay = 0;                        // λ
  int t = 0;                                      // steps so far
  std::vector<Array> m = {}, s = {};

  void step() {
    if (m.empty())
      for (const Var& p : parameters) m.push_back(Array(p->value.shape, 0)), s.push_back(Array(p->value.shape, 0));
    ++t;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      Node& p = *parameters[i];
      p.value = scaled(1 - lr * weight_decay, p.value);
      m[i] = moment(m[i], beta1, p.grad);
      s[i] = moment(s[i], beta2, mul(p.grad, p.grad));
      Array root = s[i];
      for (double& v : root.data) v = std::sqrt(v);
      const Array mean = corrected(m[i], beta1, t), deviation = corrected(root, beta2, t);
      for (std::size_t k = 0; k < p.value.data.size(); ++k)
        p.value.data[k] -= lr * mean.data[k] / (deviation.data[k] + eps);
    }
  }
};
