// What the last pass left is not cleared.
// expect: function backward, gradient of c
inline void backward(Value L) {
  std::vector<Line>& lines = L.tape->lines;
  L.get().grad = 1;
  for (std::size_t i = lines.size(); i-- > 0;) {
    const Line& z = lines[i];
    if (z.x >= 0) lines[static_cast<std::size_t>(z.x)].grad += z.grad * z.dx;
    if (z.y >= 0) lines[static_cast<std::size_t>(z.y)].grad += z.grad * z.dy;
  }
}
