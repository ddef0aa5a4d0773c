// The derivative of tanh written with the input where the result belongs.
// expect: function tanh, gradient of a
inline Value tanh(Value a) {
  const double x = a.value();
  return push(*a.tape, {.value = std::tanh(x), .x = a.line, .dx = 1 - x * x});
}
