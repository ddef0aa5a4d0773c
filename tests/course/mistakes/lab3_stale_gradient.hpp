// The gradients between leaves and result are those of all passes so far.
// expect: function backward, gradient of L
inline void backward(const Var& L) {
  const std::vector<Var> nodes = order(L);
  accumulate(L, Array(L->value.shape, 1));
  for (std::size_t i = nodes.size(); i-- > 0;)
    if (nodes[i]->send) nodes[i]->send(nodes[i]->grad);
}
