// Nodes that were seen are visited again: 2 to the power of 30 times here.
// expect: function order, gradient of L
inline std::vector<Var> order(const Var& L) {
  std::vector<Var> result;
  const std::function<void(const Var&)> visit = [&](const Var& z) {
    for (const Var& x : z->inputs) visit(x);
    for (const Var& known : result)
      if (known == z) return;
    result.push_back(z);
  };
  visit(L);
  return result;
}
