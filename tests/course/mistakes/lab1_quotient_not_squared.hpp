// ∂(a/b)/∂b = -a/b, without the square of b.
// expect: function div, gradient of b
inline Value div(Value a, Value b) {
  const double z = a.value() / b.value();
  return push(*a.tape, {.value = z, .x = a.line, .y = b.line, .dx = 1 / b.value(), .dy = -z});
}
