// The pass begins with L where it must begin with ∂L/∂L = 1.
// expect: function backward, gradient of L
inline void backward(Value L) {
  std::vector<Line>& lines = L.tape->lines;
  for (Line& z : lines) z.grad = 0;
  L.get().grad = L.value();
  for (std::size_t i = lines.size(); i-- > 0;) {
    const Line& z = lines[i];
    if (z.x >= 0) lines[static_cast<std::size_t>(z.x)].grad += z.grad * z.dx;
    if (z.y >= 0) lines[static_cast<std::size_t>(z.y)].grad += z.grad * z.dy;
  }
}
