// A gradient is stored where it must be added.
// expect: function accumulate, gradient of a
inline void accumulate(const Var& x, const Array& g) { x->grad = g; }
