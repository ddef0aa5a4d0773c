// A crash: exp() of the tape where std::exp() was meant, without an end.
// expect: function exp, value of L
inline Value exp(Value a) {
  const double z = exp(a).value();
  return push(*a.tape, {.value = z, .x = a.line, .dx = z});
}
