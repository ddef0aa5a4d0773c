// A reference to a line, read after the tape has grown: its memory was given back.
// expect: function mul, value of L
inline Value mul(Value a, Value b) {
  const Line &x = a.get(), &y = b.get();
  const Value z = push(*a.tape, {.x = a.line, .y = b.line});
  z.get().value = x.value * y.value;
  z.get().dx = y.value;
  z.get().dy = x.value;
  return z;
}
