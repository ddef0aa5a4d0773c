// The correction is that of the first step in all steps.
// expect: function corrected, value of corrected
inline Array corrected(const Array& m, double beta, int) { return scaled(1 / (1 - beta), m); }
