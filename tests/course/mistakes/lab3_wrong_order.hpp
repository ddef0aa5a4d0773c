// Nodes in the order in which they are met from the result: some send before all has arrived.
// expect: function order, gradient of b
inline std::vector<Var> order(const Var& L) {
  std::vector<Var> result{L};
  std::set<Node*> seen{L.get()};
  for (std::size_t i = 0; i < result.size(); ++i) {
    const std::vector<Var> inputs = result[i]->inputs;
    for (const Var& x : inputs)
      if (seen.insert(x.get()).second) result.push_back(x);
  }
  return {result.rbegin(), result.rend()};
}
