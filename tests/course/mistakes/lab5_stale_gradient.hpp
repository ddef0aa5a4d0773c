// The last parameter keeps its gradient.
// expect: function zero_grad, gradient of b
inline void zero_grad(const std::vector<Var>& parameters) {
  for (std::size_t i = 0; i + 1 < parameters.size(); ++i) parameters[i]->grad = Array();
}
