// Weight decay takes λ times the gradient where λ times the parameter belongs.
// expect: function add_decay, value of d
inline Array add_decay(const Array& g, const Array&, double lambda) { return add(g, scaled(lambda, g)); }
