// The tape is read from its beginning, so that lines send before anything has arrived.
// expect: function backward, gradient of c
inline void backward(Value L) {
  std::vector<Line>& lines = L.tape->lines;
  for (Line& z : lines) z.grad = 0;
  L.get().grad = 1;
  for (const Line& z : lines) {
    if (z.x >= 0) lines[static_cast<std::size_t>(z.x)].grad += z.grad * z.dx;
    if (z.y >= 0) lines[static_cast<std::size_t>(z.y)].grad += z.grad * z.dy;
  }
}
