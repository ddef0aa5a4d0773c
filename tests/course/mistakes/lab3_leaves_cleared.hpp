// Gradients of leaves are cleared as well, so that they do not add up over the passes.
// expect: function backward, gradient of b
inline void backward(const Var& L) {
  const std::vector<Var> nodes = order(L);
  for (const Var& z : nodes) z->grad = Array();
  accumulate(L, Array(L->value.shape, 1));
  for (std::size_t i = nodes.size(); i-- > 0;)
    if (nodes[i]->send) nodes[i]->send(nodes[i]->grad);
}
