// The rule for powers of a, a eᵃ⁻¹, where e is raised to a.
// expect: function exp, gradient of a
inline Value exp(Value a) {
  return push(*a.tape, {.value = std::exp(a.value()), .x = a.line, .dx = a.value() * std::exp(a.value() - 1)});
}
